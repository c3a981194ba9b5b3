/** The version of this program. */
import { readFileSync } from 'node:fs';
import { isErrno } from '../core/errors/system-error.js';

/** From the nearest package.json above this file: it lies differently in the sources and in `dist`. */
export function packageVersion(): string {
  for (const candidate of ['../package.json', '../../package.json']) {
    const version = decodeVersion(new URL(candidate, import.meta.url));
    if (version !== null) return version;
  }
  return '0.0.0';
}

function decodeVersion(file: URL): string | null {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof content !== 'object' || content === null || !('version' in content)) return null;
    return typeof content.version === 'string' ? content.version : null;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
