/** Blobs, as messages. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { BlobInfo } from '../../core/ports/blob-store.js';
import type { Blob, BlobSchema } from '../gen/marid/v1/blob_service_pb.js';
import { fromTimestamp, toTimestamp } from './time.js';

/** What is known of a blob, as a message. */
export function blobToMessage(info: BlobInfo): MessageInitShape<typeof BlobSchema> {
  const { key, sizeBytes, version, modifiedAt } = info;
  return { key, sizeBytes: BigInt(sizeBytes), version, modifyTime: toTimestamp(modifiedAt) };
}

/** What a message tells of a blob. */
export function blobFromMessage({ key, sizeBytes, version, modifyTime }: Blob): BlobInfo {
  return { key, sizeBytes: Number(sizeBytes), version, modifiedAt: fromTimestamp(modifyTime) ?? 0 };
}
