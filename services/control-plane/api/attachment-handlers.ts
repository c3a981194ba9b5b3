/** gRPC handlers of attachments. */
import { invalidArgument, MaridError } from '../../../core/errors/marid-error.js';
import type {
  AttachmentService,
  UploadAttachmentHead,
  UploadAttachmentRequest,
} from '../../../proto/gen/marid/v1/attachment_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { Attachments } from '../attachments/attachments.js';

/** Handlers over the attachments. */
export function createAttachmentHandlers(attachments: Attachments): ServiceHandlers<typeof AttachmentService> {
  return {
    getAttachment: async ({ sha256 }) => {
      const { storedBytes, complete } = await attachments.look(sha256);
      return { storedBytes: BigInt(storedBytes), complete };
    },
    uploadAttachment: async (requests) => {
      const parts = requests[Symbol.asyncIterator]();
      const { sha256, sizeBytes, offset } = await takeHead(parts);
      const head = { sha256, sizeBytes: Number(sizeBytes), offset: Number(offset) };
      return { sizeBytes: BigInt(await attachments.upload(head, bytesOf(parts))) };
    },
  };
}

async function takeHead(parts: AsyncIterator<UploadAttachmentRequest>): Promise<UploadAttachmentHead> {
  const first = await parts.next();
  if (first.done !== true && first.value.part.case === 'head') return first.value.part.value;
  throw invalidArgument([{ field: 'head', description: 'must come first' }]);
}

/** The bytes up to the tail: a stream that ends without it was cut off. */
async function* bytesOf(parts: AsyncIterator<UploadAttachmentRequest>): AsyncGenerator<Uint8Array> {
  for (let step = await parts.next(); step.done !== true; step = await parts.next()) {
    const { part } = step.value;
    if (part.case === 'tail') return;
    if (part.case !== 'data')
      throw invalidArgument([{ field: 'data', description: 'must come between head and tail' }]);
    yield part.value;
  }
  throw new MaridError('CANCELLED', 'The upload was cut off.');
}
