/** Uploads of attachments, as a client does them and as it should not. */
import { createHash } from 'node:crypto';
import type { AttachmentService } from '../../proto/gen/marid/v1/attachment_service_pb.js';
import type { ServiceClient } from '../../proto/rpc/service.js';

type Parts = Parameters<ServiceClient<typeof AttachmentService>['uploadAttachment']>[0];
type Part = Parts extends AsyncIterable<infer T> ? T : never;

const PIECE_BYTES = 512 * 1024;

/** How an upload differs from that of the whole content. */
export interface Deviation {
  readonly offset?: number;
  /** Bytes after which the stream ends without a tail. */
  readonly cutAfter?: number;
  /** What is said of the content, if it is not true. */
  readonly sha256?: string;
  readonly sizeBytes?: number;
}

/** Hash of content, as attachments have it. */
export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The messages of an upload. */
export async function* partsOf(content: Buffer, deviation: Deviation = {}): AsyncGenerator<Part> {
  const { offset = 0, cutAfter = Number.POSITIVE_INFINITY } = deviation;
  const sha256 = deviation.sha256 ?? sha256Of(content);
  const sizeBytes = BigInt(deviation.sizeBytes ?? content.length);
  yield { part: { case: 'head', value: { sha256, sizeBytes, offset: BigInt(offset) } } };
  for (let at = offset; at < content.length; at += PIECE_BYTES) {
    if (at - offset >= cutAfter) return;
    yield { part: { case: 'data', value: content.subarray(at, at + PIECE_BYTES) } };
  }
  yield { part: { case: 'tail', value: {} } };
}
