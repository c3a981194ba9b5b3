/** Names in archives: data that strangers wrote. Pure. */
import { isFileName } from '../staging/file-name.js';

/** Longest path below the folder, in bytes. */
const MOST_PATH_BYTES = 2048;
/** Folders within each other. */
const MOST_PARTS = 64;

/** Where an entry goes below the folder of its archive, with `/`; empty for the folder itself, null when the name is refused. */
export function entryPath(name: string): string | null {
  // A backslash separates folders for some programs that write archives, and is part of a name for others.
  if (name.startsWith('/') || name.includes('\\') || hasControlCharacters(name)) return null;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  const path = parts.join('/');
  const fits = parts.length <= MOST_PARTS && Buffer.byteLength(path) <= MOST_PATH_BYTES;
  return fits && parts.every(isFileName) ? path : null;
}

function hasControlCharacters(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007f');
}
