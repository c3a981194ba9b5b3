/** Statuses of jobs: names without prefix in the domain. */
import type { JobStatus } from '../../core/job/status.js';
import { JobStatus as JobStatusMessage } from '../gen/marid/v1/job_pb.js';

const TO_MESSAGE: Readonly<Record<JobStatus, JobStatusMessage>> = {
  RESERVED: JobStatusMessage.RESERVED,
  RESOLVED: JobStatusMessage.RESOLVED,
  ACCEPTED: JobStatusMessage.ACCEPTED,
  CLAIMED: JobStatusMessage.CLAIMED,
  INIT: JobStatusMessage.INIT,
  RUNNING: JobStatusMessage.RUNNING,
  SUCCEEDED: JobStatusMessage.SUCCEEDED,
  FAILED: JobStatusMessage.FAILED,
  KILLED: JobStatusMessage.KILLED,
  INVALID: JobStatusMessage.INVALID,
};

const FROM_MESSAGE: Readonly<Record<JobStatusMessage, JobStatus | null>> = {
  [JobStatusMessage.UNSPECIFIED]: null,
  [JobStatusMessage.RESERVED]: 'RESERVED',
  [JobStatusMessage.RESOLVED]: 'RESOLVED',
  [JobStatusMessage.ACCEPTED]: 'ACCEPTED',
  [JobStatusMessage.CLAIMED]: 'CLAIMED',
  [JobStatusMessage.INIT]: 'INIT',
  [JobStatusMessage.RUNNING]: 'RUNNING',
  [JobStatusMessage.SUCCEEDED]: 'SUCCEEDED',
  [JobStatusMessage.FAILED]: 'FAILED',
  [JobStatusMessage.KILLED]: 'KILLED',
  [JobStatusMessage.INVALID]: 'INVALID',
};

/** A status as the message's enum; unspecified for `null`. */
export function statusToMessage(status: JobStatus | null): JobStatusMessage {
  return status === null ? JobStatusMessage.UNSPECIFIED : TO_MESSAGE[status];
}

/** The status of a message's enum; `null` when unspecified or unknown. */
export function statusFromMessage(status: JobStatusMessage): JobStatus | null {
  return FROM_MESSAGE[status] ?? null;
}
