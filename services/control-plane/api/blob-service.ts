/** Lends the control plane's blobs to workers in other processes. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { invalidArgument, MaridError } from '../../../core/errors/marid-error.js';
import type { BlobStore } from '../../../core/ports/blob-store.js';
import { blobToMessage } from '../../../proto/codec/blob.js';
import type {
  BlobService,
  GetBlobRequest,
  GetBlobResponseSchema,
  PutBlobHead,
  PutBlobRequest,
} from '../../../proto/gen/marid/v1/blob_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';

const MOST_LISTED = 1000;

/** Handlers of BlobService over a blob store, which is asked for with each call: it may open late. */
export function createBlobServiceHandlers(open: () => Promise<BlobStore>): ServiceHandlers<typeof BlobService> {
  return {
    putBlob: async (requests) => {
      const parts = requests[Symbol.asyncIterator]();
      const { key, ifAbsent } = await takeHead(parts);
      const written = await (await open()).put({ key, ifAbsent, body: bytesOf(parts) });
      return written === null ? {} : { blob: blobToMessage(written) };
    },
    getBlob: async function* (request) {
      yield* read(await open(), request);
    },
    headBlob: async ({ key }) => {
      const info = await (await open()).head({ key });
      return info === null ? {} : { blob: blobToMessage(info) };
    },
    listBlobs: async ({ prefix, after, limit }) => {
      if (limit < 1 || limit > MOST_LISTED) {
        throw invalidArgument([{ field: 'limit', description: `must be 1 to ${String(MOST_LISTED)}` }]);
      }
      const blobs = await (await open()).list({ prefix, after: after === '' ? null : after, limit });
      return { blobs: blobs.map(blobToMessage) };
    },
    deleteBlob: async ({ key }) => {
      await (await open()).delete({ key });
      return {};
    },
  };
}

async function* read(
  store: BlobStore,
  { key, offset, length }: GetBlobRequest,
): AsyncGenerator<MessageInitShape<typeof GetBlobResponseSchema>> {
  const range = { offset: Number(offset), length: length === undefined ? null : Number(length) };
  if (range.offset < 0) throw invalidArgument([{ field: 'offset', description: 'must be 0 or more' }]);
  const found = await store.get({ key, ...range });
  if (found === null) throw new MaridError('NOT_FOUND', `There is no blob ${JSON.stringify(key)}.`);
  yield { part: { case: 'head', value: blobToMessage(found.info) } };
  for await (const data of found.body) yield { part: { case: 'data', value: data } };
}

async function takeHead(parts: AsyncIterator<PutBlobRequest>): Promise<PutBlobHead> {
  const first = await parts.next();
  if (first.done !== true && first.value.part.case === 'head') return first.value.part.value;
  throw invalidArgument([{ field: 'head', description: 'must come first' }]);
}

/** The bytes up to the tail: a stream that ends without it was cut off, and its blob is not whole. */
async function* bytesOf(parts: AsyncIterator<PutBlobRequest>): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for (let step = await parts.next(); step.done !== true; step = await parts.next()) {
    const { part } = step.value;
    if (part.case === 'tail' && Number(part.value.sizeBytes) === sent) return;
    if (part.case !== 'data')
      throw invalidArgument([{ field: 'data', description: 'must come between head and tail' }]);
    sent += part.value.length;
    yield part.value;
  }
  throw new MaridError('CANCELLED', 'The upload was cut off.');
}
