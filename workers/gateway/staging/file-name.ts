/** Names of files that come from outside: data, never paths. */
import { StagingFailure } from './staging.js';

/** Longest name of a file in bytes, on every common file system. */
const MOST_NAME_BYTES = 255;

/** Whether a text can be the name of one file in a folder: nothing that a file system reads as more than a name. */
export function isFileName(text: string): boolean {
  if (text === '' || text === '.' || text === '..') return false;
  return !text.includes('/') && !text.includes('\0') && Buffer.byteLength(text) <= MOST_NAME_BYTES;
}

/** The file name of a URI: its last path segment, decoded. Throws `StagingFailure`, the job's own, when that is not a name. */
export function fileNameOf(uri: string): string {
  const name = lastSegment(uri);
  if (name !== null && isFileName(name)) return name;
  throw new StagingFailure('INVALID_URI', `The URI ${JSON.stringify(uri)} does not end in the name of a file.`, false);
}

function lastSegment(uri: string): string | null {
  try {
    const { pathname } = new URL(uri);
    return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1));
  } catch {
    return null;
  }
}
