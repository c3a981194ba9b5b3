/** Jobs as users see them. One way: a job is never read back from a message. */
import { create } from '@bufbuild/protobuf';
import { agentOfPool } from '../../core/fleet/agent-pool.js';
import { archiveStatusOf } from '../../core/job/archive.js';
import type { Attempt, Job } from '../../core/job/job.js';
import { etagOf } from '../../core/registry/resource.js';
import {
  AttemptSchema,
  JobSchema,
  type Attempt as AttemptMessage,
  type Job as JobMessage,
  type JobRequest as JobRequestMessage,
} from '../gen/marid/v1/job_pb.js';
import { archiveStatusToMessage } from './archive-status.js';
import { toOptionalExitResult } from './exit-result.js';
import { jobRequestToMessage } from './job-request.js';
import { statusToMessage } from './job-status.js';
import { referenceOf } from './resource-base.js';
import { stagesToMessages } from './stage-time.js';
import { toOptionalTimestamp, toTimestamp } from './time.js';
import { transitionToMessage } from './transition.js';

/**
 * How much of a job is told. `full`: everything. `basic`, for lists: without history, attempts, and the request's arguments, raw
 * arguments, environment and metadata.
 */
export type JobView = 'basic' | 'full';

/** A job as a message. */
export function jobToMessage(job: Job, view: JobView): JobMessage {
  const last = job.attempts.at(-1);
  return create(JobSchema, {
    id: job.id,
    request: requestToMessage(job, view),
    status: statusToMessage(job.status),
    reason: job.reason,
    message: job.message,
    createTime: toTimestamp(job.createdAt),
    updateTime: toTimestamp(job.updatedAt),
    startTime: toOptionalTimestamp(job.startedAt),
    endTime: toOptionalTimestamp(job.endedAt),
    cluster: referenceOf(job.resolution.cluster),
    command: referenceOf(job.resolution.command),
    applications: job.resolution.applications.map(referenceOf),
    memoryMb: job.memoryMb,
    attempt: job.attempt,
    attempts: view === 'full' ? job.attempts.map(attemptToMessage) : [],
    history: view === 'full' ? job.history.map(transitionToMessage) : [],
    result: toOptionalExitResult(job.result),
    workerId: job.claim?.workerId ?? last?.workerId ?? '',
    killRequested: job.kill !== null,
    etag: etagOf(job),
    parentJobId: job.parentId ?? '',
    agentId: agentOfPool(job.pool) ?? '',
    archiveStatus: archiveStatusToMessage(last === undefined ? null : archiveStatusOf(last)),
  });
}

/** An attempt as a message. */
export function attemptToMessage(attempt: Attempt): AttemptMessage {
  return create(AttemptSchema, {
    number: attempt.number,
    workerId: attempt.workerId,
    host: attempt.host,
    claimTime: toTimestamp(attempt.claimedAt),
    startTime: toOptionalTimestamp(attempt.startedAt),
    endTime: toOptionalTimestamp(attempt.endedAt),
    outcome: statusToMessage(attempt.outcome),
    reason: attempt.reason,
    message: attempt.message,
    infrastructureFailure: attempt.infrastructureFailure,
    result: toOptionalExitResult(attempt.result),
    stages: stagesToMessages(attempt.stages),
    archiveStatus: archiveStatusToMessage(archiveStatusOf(attempt)),
    archiveMessage: attempt.archive?.message ?? '',
  });
}

function requestToMessage(job: Job, view: JobView): JobRequestMessage {
  if (view === 'full') return jobRequestToMessage(job.request);
  const message = jobRequestToMessage({
    ...job.request,
    arguments: [],
    rawArguments: '',
    environment: {},
    metadata: {},
  });
  delete message.metadata;
  return message;
}
