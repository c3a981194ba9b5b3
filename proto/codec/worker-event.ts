/** Messages of the worker-events topic. */
import { toBinary } from '@bufbuild/protobuf';
import type { WorkerEvent } from '../../core/job/job.js';
import type { JobStatus } from '../../core/job/status.js';
import { WorkerEventSchema, type WorkerEvent as WorkerEventMessage } from '../gen/marid/v1/worker_service_pb.js';
import { archiveStatusFromMessage, archiveStatusToMessage } from './archive-status.js';
import { decodeBytes } from './decode-bytes.js';
import { exitResultFromMessage, toOptionalExitResult } from './exit-result.js';
import { statusFromMessage, statusToMessage } from './job-status.js';
import { stagesFromMessages, stagesToMessages } from './stage-time.js';
import { fromTimestamp, toTimestamp } from './time.js';

const EVENT_STATUSES: readonly WorkerEvent['status'][] = ['INIT', 'RUNNING', 'SUCCEEDED', 'FAILED', 'KILLED'];

/** Bytes of an event. */
export function encodeWorkerEvent(event: WorkerEvent): Uint8Array {
  const message: WorkerEventMessage = {
    $typeName: 'marid.v1.WorkerEvent',
    jobId: event.jobId,
    attempt: event.attempt,
    workerId: event.workerId,
    session: event.session,
    sequence: BigInt(event.sequence),
    time: toTimestamp(event.at),
    status: statusToMessage(event.status),
    reason: event.reason,
    message: event.message,
    result: toOptionalExitResult(event.result),
    infrastructureFailure: event.infrastructureFailure,
    stages: stagesToMessages(event.stages),
    archiveStatus: archiveStatusToMessage(event.archive ?? null),
    archives: [],
  };
  return toBinary(WorkerEventSchema, message);
}

/** The event of bytes; `null` when they are unreadable, name no job, or have a status that workers do not send. */
export function decodeWorkerEvent(bytes: Uint8Array): WorkerEvent | null {
  const message = decodeBytes(WorkerEventSchema, bytes);
  if (message === null || message.jobId === '') return null;
  const status = eventStatusOf(statusFromMessage(message.status));
  return status === null ? null : eventOf(message, status);
}

function eventStatusOf(status: JobStatus | null): WorkerEvent['status'] | null {
  return EVENT_STATUSES.find((each) => each === status) ?? null;
}

function eventOf(message: WorkerEventMessage, status: WorkerEvent['status']): WorkerEvent {
  const archive = archiveStatusFromMessage(message.archiveStatus);
  return {
    jobId: message.jobId,
    attempt: message.attempt,
    workerId: message.workerId,
    session: message.session,
    sequence: Number(message.sequence),
    at: fromTimestamp(message.time) ?? 0,
    status,
    reason: message.reason,
    message: message.message,
    result: message.result === undefined ? null : exitResultFromMessage(message.result),
    infrastructureFailure: message.infrastructureFailure,
    ...stagesFromMessages(message.stages),
    ...(archive === null ? {} : { archive }),
  };
}
