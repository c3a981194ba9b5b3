/** The control plane's blobs, for workers in other processes. */
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type { BlobInfo, BlobStore } from '../../../core/ports/blob-store.js';
import { blobFromMessage } from '../../../proto/codec/blob.js';
import type { BlobService, GetBlobResponse } from '../../../proto/gen/marid/v1/blob_service_pb.js';
import type { ServiceClient } from '../../../proto/rpc/service.js';

/** Most bytes of one message. */
const PIECE_BYTES = 256 * 1024;
const PAGE = 1000;

type PutPart = Parameters<ServiceClient<typeof BlobService>['putBlob']>[0] extends AsyncIterable<infer T> ? T : never;

/** `BlobStore` over BlobService; the channel stays the caller's. States: *open*, then *closed* by `close`. */
export class RemoteBlobStore implements BlobStore {
  private closed = false;

  constructor(private readonly client: ServiceClient<typeof BlobService>) {}

  async put(options: {
    readonly key: string;
    readonly body: AsyncIterable<Uint8Array>;
    readonly ifAbsent?: boolean;
  }): Promise<BlobInfo | null> {
    this.refuseClosed();
    const { blob } = await this.client.putBlob(partsOf(options));
    return blob === undefined ? null : blobFromMessage(blob);
  }

  async get(options: {
    readonly key: string;
    readonly offset?: number;
    readonly length?: number | null;
  }): Promise<{ readonly info: BlobInfo; readonly body: AsyncIterable<Uint8Array> } | null> {
    this.refuseClosed();
    const { key, offset = 0, length = null } = options;
    const range = { offset: BigInt(offset), ...(length === null ? {} : { length: BigInt(length) }) };
    const parts = this.client.getBlob({ key, ...range })[Symbol.asyncIterator]();
    try {
      const first = await parts.next();
      if (first.done === true || first.value.part.case !== 'head') throw noHead(key);
      return { info: blobFromMessage(first.value.part.value), body: bytesOf(parts) };
    } catch (error) {
      if (isMaridError(error) && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  }

  async head(options: { readonly key: string }): Promise<BlobInfo | null> {
    this.refuseClosed();
    const { blob } = await this.client.headBlob(options);
    return blob === undefined ? null : blobFromMessage(blob);
  }

  async list(options: {
    readonly prefix: string;
    readonly after: string | null;
    readonly limit: number;
  }): Promise<readonly BlobInfo[]> {
    this.refuseClosed();
    const found: BlobInfo[] = [];
    for (let more = true; more && found.length < options.limit;) {
      const limit = Math.min(PAGE, options.limit - found.length);
      const after = found.at(-1)?.key ?? options.after ?? '';
      const { blobs } = await this.client.listBlobs({ prefix: options.prefix, after, limit });
      found.push(...blobs.map(blobFromMessage));
      more = blobs.length === limit;
    }
    return found;
  }

  async delete(options: { readonly key: string }): Promise<void> {
    this.refuseClosed();
    await this.client.deleteBlob(options);
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  private refuseClosed(): void {
    if (this.closed) throw new MaridError('UNAVAILABLE', 'The blob store is closed.', { retryable: false });
  }
}

async function* partsOf({
  key,
  body,
  ifAbsent = false,
}: {
  readonly key: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly ifAbsent?: boolean;
}): AsyncGenerator<PutPart> {
  yield { part: { case: 'head', value: { key, ifAbsent } } };
  let sent = 0;
  for await (const bytes of body) {
    sent += bytes.length;
    for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
      yield { part: { case: 'data', value: bytes.subarray(start, start + PIECE_BYTES) } };
    }
  }
  yield { part: { case: 'tail', value: { sizeBytes: BigInt(sent) } } };
}

/** The rest of the stream. Giving it up ends the call. */
async function* bytesOf(parts: AsyncIterator<GetBlobResponse>): AsyncGenerator<Uint8Array> {
  try {
    for (let step = await parts.next(); step.done !== true; step = await parts.next()) {
      if (step.value.part.case === 'data') yield step.value.part.value;
    }
  } finally {
    await parts.return?.();
  }
}

function noHead(key: string): MaridError {
  return new MaridError('DATA_LOSS', `The control plane's answer for the blob ${JSON.stringify(key)} has no head.`);
}
