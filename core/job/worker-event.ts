/** Applies what a worker tells of its attempt. */
import { mayBecome } from '../archive/archive-status.js';
import { archiveOf } from './archive.js';
import { attemptTime, changeAttempt, currentAttempt } from './attempt.js';
import type { Attempt, Job, WorkerEvent } from './job.js';
import { retryOrFail, type RetryPolicy } from './retry.js';
import { mayFollow } from './status.js';
import { transition } from './transition.js';

/** Options of `applyWorkerEvent`. */
export interface ApplyWorkerEventOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly retry: RetryPolicy;
}

/** `stale`: the event is of the past, of another worker or of no consequence, and is dropped. */
export type ApplyWorkerEventResult =
  { readonly kind: 'applied'; readonly job: Job } | { readonly kind: 'stale'; readonly why: string };

/** The job after an event of its current attempt. A failure may put it back to ACCEPTED. */
export function applyWorkerEvent(job: Job, event: WorkerEvent, o: ApplyWorkerEventOptions): ApplyWorkerEventResult {
  const why = staleness(job, event);
  if (why !== null) return { kind: 'stale', why };
  return { kind: 'applied', job: follow(noteSequence(job, event), event, o) };
}

function staleness(job: Job, event: WorkerEvent): string | null {
  const { claim } = job;
  if (event.jobId !== job.id) return `it is of job ${event.jobId}, not of ${job.id}`;
  if (claim === null) return `no worker owns the job: it is ${job.status}`;
  if (event.attempt !== job.attempt) return `it is of attempt ${event.attempt}, the job is at ${job.attempt}`;
  if (event.workerId !== claim.workerId) return `worker ${claim.workerId} owns the attempt, not ${event.workerId}`;
  if (event.session !== claim.session) return `worker ${claim.workerId} has another session`;
  if (event.sequence <= claim.eventSequence) return `event ${event.sequence} comes behind ${claim.eventSequence}`;
  if (!mayFollow(job.status, event.status)) return `${event.status} cannot follow ${job.status}`;
  return null;
}

function noteSequence(job: Job, event: WorkerEvent): Job {
  return job.claim === null ? job : { ...job, claim: { ...job.claim, eventSequence: event.sequence } };
}

function follow(job: Job, event: WorkerEvent, o: ApplyWorkerEventOptions): Job {
  switch (event.status) {
    case 'INIT':
      return step(job, event, o.now);
    case 'RUNNING':
      return step(start(job, event, o.now), event, o.now);
    case 'SUCCEEDED':
    case 'KILLED':
      return { ...step(end(job, event, o.now), event, o.now), result: event.result };
    case 'FAILED': {
      const { reason, message } = event;
      return retryOrFail(end(job, event, o.now), { reason, message, actor: actorOf(event), ...o });
    }
    default:
      return event.status satisfies never;
  }
}

function step(job: Job, event: WorkerEvent, now: number): Job {
  const { reason, message } = event;
  return transition(job, { to: event.status, reason, message, actor: actorOf(event), now });
}

function start(job: Job, event: WorkerEvent, now: number): Job {
  const startedAt = attemptTime(currentAttempt(job), event.at, now);
  return { ...changeAttempt(job, { startedAt, ...stagesOf(event) }), startedAt };
}

function end(job: Job, event: WorkerEvent, now: number): Job {
  const { reason, message, infrastructureFailure, result } = event;
  return changeAttempt(job, {
    endedAt: attemptTime(currentAttempt(job), event.at, now),
    outcome: event.status === 'INIT' || event.status === 'RUNNING' ? null : event.status,
    reason,
    message,
    infrastructureFailure,
    result,
    ...stagesOf(event),
    ...archivePart(job, event, now),
  });
}

function stagesOf({ stages }: WorkerEvent): Pick<Attempt, 'stages'> {
  return stages === undefined ? {} : { stages };
}

/** An archive that was told before this event, repeated by a later process, stays. */
function archivePart(job: Job, { archive }: WorkerEvent, now: number): Pick<Attempt, 'archive'> {
  const known = currentAttempt(job).archive?.status ?? null;
  return archive !== undefined && mayBecome(known, archive)
    ? { archive: archiveOf({ archive, message: '' }, now) }
    : {};
}

function actorOf(event: WorkerEvent): string {
  return `worker:${event.workerId}`;
}
