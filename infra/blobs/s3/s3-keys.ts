/** Which keys S3 blobs can have. Stored as they are below the prefix, so that people find them in the bucket. */
import { MaridError } from '../../../core/errors/marid-error.js';

/** Longest key of S3 with the prefix, UTF-8 bytes. */
const MAX_KEY_BYTES = 1024;

/** Checks a key and puts the prefix before it; `INVALID_ARGUMENT` when a segment is empty, `.` or `..`, or the whole is too long. */
export function objectKeyOf(prefix: string, key: string): string {
  const objectKey = prefix + key;
  if (isBlobKey(key) && Buffer.byteLength(objectKey) <= MAX_KEY_BYTES) return objectKey;
  throw new MaridError(
    'INVALID_ARGUMENT',
    `No blob can be named ${JSON.stringify(key)}: a segment is empty or relative, or the key is too long.`,
  );
}

/** Whether it is a key of ours; others' objects and folder markers below the prefix are not. */
export function isBlobKey(key: string): boolean {
  return key.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

/** A prefix that ends with `/`, or none. */
export function normalisePrefix(prefix: string): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
}

/** A key as a listing with `encoding-type=url` has it. */
export function decodeListedKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
