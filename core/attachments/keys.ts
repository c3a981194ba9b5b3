/**
 * How attachments lie in the blob store, by the SHA-256 of their content. Parts of one size, the last one shorter, are written once and never again, so that an upload that
 * broke goes on behind them; a mark says that all are there and have that hash; a reference for each job keeps them.
 */

/** Below which all attachments are. */
export const ATTACHMENTS_PREFIX = 'attachments/';
/** Bytes of every part but the last. */
export const PART_BYTES = 4 * 1024 * 1024;
const SHA256 = /^[0-9a-f]{64}$/;

/** Whether a text is a hash as keys have it. */
export function isSha256(text: string): boolean {
  return SHA256.test(text);
}

/** Prefix of everything of an attachment. */
export function attachmentPrefix(sha256: string): string {
  return `${ATTACHMENTS_PREFIX}${sha256}/`;
}

/** Prefix of its parts. */
export function partsPrefix(sha256: string): string {
  return `${attachmentPrefix(sha256)}parts/`;
}

/** Key of a part, numbered from 0. */
export function partKey(sha256: string, number: number): string {
  return `${partsPrefix(sha256)}${String(number).padStart(8, '0')}`;
}

/** Key of the mark that all parts are there; its content is the size in bytes. */
export function wholeKey(sha256: string): string {
  return `${attachmentPrefix(sha256)}whole`;
}

/** Key of the reference of a job, whose id was checked. */
export function referenceKey(sha256: string, jobId: string): string {
  return `${attachmentPrefix(sha256)}jobs/${jobId}`;
}

/** What a key is of; `null` when it is of no attachment. `jobId` only for a reference. */
export function readAttachmentKey(key: string): { readonly sha256: string; readonly jobId: string | null } | null {
  const [prefix, sha256 = '', kind, jobId = null] = key.split('/');
  if (`${prefix}/` !== ATTACHMENTS_PREFIX || !isSha256(sha256)) return null;
  return { sha256, jobId: kind === 'jobs' ? jobId : null };
}
