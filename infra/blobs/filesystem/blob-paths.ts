/**
 * Where a blob's key lies in the folder: one folder per segment, and a file whose name ends with `~`, a character that no folder's name has. So
 * `x` and `x/y` can both exist, and no key leads out of the folder.
 */
import { MaridError } from '../../../core/errors/marid-error.js';

/** Ends the name of a file. */
const FILE_SUFFIX = '~';

/** Longest name that Linux's file systems take, bytes. */
const MAX_NAME_BYTES = 255;

/** An entry of a folder, as part of keys. */
export interface KeyEntry {
  readonly kind: 'blob' | 'folder';
  /** Name on disk. */
  readonly name: string;
  /** What it adds to a key; a folder's ends with `/`. */
  readonly key: string;
}

/** Names on disk for a key, folders first; `INVALID_ARGUMENT` when a segment is empty, `.`, `..` or too long. */
export function pathOfKey(key: string): readonly string[] {
  const segments = key.split('/');
  return segments.map((segment, index) => {
    const name = encodeSegment(segment) + (index === segments.length - 1 ? FILE_SUFFIX : '');
    if (segment !== '' && segment !== '.' && segment !== '..' && name.length <= MAX_NAME_BYTES) return name;
    throw new MaridError(
      'INVALID_ARGUMENT',
      `No blob can be named ${JSON.stringify(key)}: a segment is empty, relative or too long.`,
    );
  });
}

/** What a name on disk means; `null` when it is none of ours. */
export function entryOfName(name: string): KeyEntry | null {
  const kind = name.endsWith(FILE_SUFFIX) ? 'blob' : 'folder';
  const segment = decodeSegment(kind === 'blob' ? name.slice(0, -FILE_SUFFIX.length) : name);
  return segment === null ? null : { kind, name, key: kind === 'blob' ? segment : `${segment}/` };
}

/** Order of keys: their UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Letters, digits, `.`, `_` and `-` stay; every other byte of the UTF-8 text becomes `%XX`. */
function encodeSegment(segment: string): string {
  const bytes = Buffer.from(segment, 'utf8');
  return [...bytes].map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : encodeByte(byte))).join('');
}

function isPlain(byte: number): boolean {
  return /[A-Za-z0-9._-]/.test(String.fromCharCode(byte));
}

function encodeByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function decodeSegment(name: string): string | null {
  if (!/^(?:[A-Za-z0-9._-]|%[0-9A-F]{2})+$/.test(name)) return null;
  const bytes = Buffer.from(
    name.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
  return bytes.toString('utf8');
}
