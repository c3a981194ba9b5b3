/** Version of the program. */
import { readFileSync } from 'node:fs';

/** From the package.json above this file: it lies differently in the sources and in `dist`. `unknown` when there is none. */
export function readVersion(): string {
  for (const candidate of ['../../package.json', '../../../package.json']) {
    const version = versionIn(new URL(candidate, import.meta.url));
    if (version !== null) return version;
  }
  return 'unknown';
}

function versionIn(file: URL): string | null {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isPackage(content) && content.name === 'marid' ? content.version : null;
  } catch {
    return null; // not there: the next candidate
  }
}

function isPackage(content: unknown): content is { readonly name: string; readonly version: string } {
  return typeof content === 'object' && content !== null && 'name' in content && 'version' in content;
}
