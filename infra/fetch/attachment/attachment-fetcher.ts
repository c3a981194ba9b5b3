/** `Fetcher` of `marid-attachment:` URIs: files that were uploaded for jobs, by the hash of their content. */
import { createHash } from 'node:crypto';
import { isSha256 } from '../../../core/attachments/keys.js';
import { readAttachment, sizeOfAttachment } from '../../../core/attachments/read-attachment.js';
import { isMaridError } from '../../../core/errors/marid-error.js';
import type { BlobStore } from '../../../core/ports/blob-store.js';
import {
  FetchError,
  isFetchError,
  type FetchedFile,
  type Fetcher,
  type FetchRequest,
} from '../../../core/ports/fetcher.js';

const SCHEME = 'marid-attachment:';

export class AttachmentFetcher implements Fetcher {
  /** `open` gives the blob store, whose owner closes it. */
  constructor(private readonly blobs: () => Promise<BlobStore>) {}

  /** The hash is the version, so what is held never changes. */
  async open({ uri, held, resume, signal }: FetchRequest): Promise<FetchedFile | null> {
    const sha256 = uri.slice(SCHEME.length);
    if (!isSha256(sha256)) throw new FetchError('INVALID_URI', `${uri} names no attachment.`, false);
    if (held === sha256) return null;
    try {
      const blobs = await this.blobs();
      const sizeBytes = await sizeOfAttachment(blobs, sha256);
      if (sizeBytes === null) {
        const text = `The attachment ${sha256} is not there any more; upload it again, with the job.`;
        throw new FetchError('FILE_UNREADABLE', text, false);
      }
      const offset = resume?.version === sha256 ? resume.offset : 0;
      const body = checked(readAttachment(blobs, { sha256, offset, end: sizeBytes }), { sha256, offset, signal });
      return { version: sha256, sizeBytes, offset, executable: false, body };
    } catch (error) {
      throw failureOf(sha256, error);
    }
  }

  async close(): Promise<void> {
    // The blob store is its owner's.
  }
}

/** What was read from its start must have the hash. */
async function* checked(
  body: AsyncIterable<Uint8Array>,
  { sha256, offset, signal }: { readonly sha256: string; readonly offset: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  try {
    for await (const bytes of body) {
      signal.throwIfAborted();
      hash.update(bytes);
      yield bytes;
    }
  } catch (error) {
    throw failureOf(sha256, error);
  }
  if (offset === 0 && hash.digest('hex') !== sha256) {
    throw new FetchError('FETCH_FAILED', `The attachment ${sha256} is damaged or incomplete in the blob store.`, true);
  }
}

function failureOf(sha256: string, error: unknown): unknown {
  if (isFetchError(error) || !isMaridError(error)) return error;
  return new FetchError('FETCH_FAILED', `The attachment ${sha256} cannot be fetched: ${error.message}`, true, error);
}
