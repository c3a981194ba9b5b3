/** Reads attachments from the blob store. */
import type { BlobStore } from '../ports/blob-store.js';
import { PART_BYTES, partKey, wholeKey } from './keys.js';

/** Size of an attachment that is there as a whole; `null`: it is not. */
export async function sizeOfAttachment(blobs: BlobStore, sha256: string): Promise<number | null> {
  const found = await blobs.get({ key: wholeKey(sha256) });
  if (found === null) return null;
  let text = '';
  for await (const bytes of found.body) text += Buffer.from(bytes).toString('latin1');
  return Number(text);
}

/** Bytes `[offset, end)`, from its parts; ends early when one is missing. */
export async function* readAttachment(
  blobs: BlobStore,
  { sha256, offset, end }: { readonly sha256: string; readonly offset: number; readonly end: number },
): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < end;) {
    const number = Math.floor(at / PART_BYTES);
    const within = at - number * PART_BYTES;
    const length = Math.min(PART_BYTES - within, end - at);
    const part = await blobs.get({ key: partKey(sha256, number), offset: within, length });
    if (part === null) return;
    yield* part.body;
    at += length;
  }
}
