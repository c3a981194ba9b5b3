/** News of archives on the worker-events topic. */
import { create, toBinary } from '@bufbuild/protobuf';
import type { ArchiveEvent, ArchiveNews } from '../../core/archive/archive-status.js';
import { WorkerEventSchema, type ArchivedAttempt } from '../gen/marid/v1/worker_service_pb.js';
import { archiveStatusFromMessage, archiveStatusToMessage } from './archive-status.js';
import { decodeBytes } from './decode-bytes.js';

/** Bytes of news. */
export function encodeArchiveNews({ workerId, archives }: ArchiveNews): Uint8Array {
  const messages = archives.map(({ jobId, attempt, archive, message, place }) => ({
    attempt: { jobId, attempt },
    status: archiveStatusToMessage(archive),
    message,
    ...(place && { run: place.run, offset: BigInt(place.offset), length: BigInt(place.length) }),
  }));
  return toBinary(WorkerEventSchema, create(WorkerEventSchema, { workerId, archives: messages }));
}

/** The news of bytes; `null` when they are something else. */
export function decodeArchiveNews(bytes: Uint8Array): ArchiveNews | null {
  const message = decodeBytes(WorkerEventSchema, bytes);
  if (message === null || message.archives.length === 0) return null;
  const archives = message.archives.map(archiveFromMessage).filter((each) => each !== null);
  return { workerId: message.workerId, archives };
}

function archiveFromMessage(told: ArchivedAttempt): ArchiveEvent | null {
  const archive = archiveStatusFromMessage(told.status);
  if (archive === null || told.attempt === undefined) return null;
  const { jobId, attempt } = told.attempt;
  const place = { run: told.run, offset: Number(told.offset), length: Number(told.length) };
  return { jobId, attempt, archive, message: told.message, ...(told.run === '' ? {} : { place }) };
}
