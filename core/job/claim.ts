/** Gives the next attempt of a waiting job to one worker. */
import type { Attempt, Job, JobSpecification } from './job.js';
import { restsUntil } from './retry.js';
import { transition } from './transition.js';

/** Options of `claimJob`. */
export interface ClaimJobOptions {
  readonly workerId: string;
  readonly host: string;
  /** Identity of the worker's process run. */
  readonly session: string;
  /** Chosen by the worker; repeated after an answer that was lost. */
  readonly claimId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** `repeated`: this very claim holds the job already. `gone`: there is nothing to claim, or not yet while a retry rests. */
export type ClaimJobResult =
  { readonly kind: 'claimed'; readonly job: Job } | { readonly kind: 'repeated' } | { readonly kind: 'gone' };

/** Claims a job. */
export function claimJob(job: Job, o: ClaimJobOptions): ClaimJobResult {
  const { workerId, session, claimId, now } = o;
  if (job.claim?.workerId === workerId && job.claim.session === session && job.claim.claimId === claimId) {
    return { kind: 'repeated' };
  }
  if (job.status !== 'ACCEPTED' || restsUntil(job, now) !== null) return { kind: 'gone' };
  const number = job.attempt + 1;
  const claimed: Job = {
    ...job,
    attempt: number,
    claim: { workerId, session, claimId, eventSequence: 0 },
    attempts: [...job.attempts, newAttempt(number, o)],
  };
  const message = `Worker ${workerId} on ${o.host} took attempt ${number}.`;
  return {
    kind: 'claimed',
    job: transition(claimed, { to: 'CLAIMED', reason: 'CLAIMED', message, actor: `worker:${workerId}`, now }),
  };
}

/** What the worker needs to run the job's current attempt. */
export function specificationOf(job: Job): JobSpecification {
  return { jobId: job.id, attempt: job.attempt, request: job.request, resolution: job.resolution };
}

function newAttempt(number: number, o: ClaimJobOptions): Attempt {
  return {
    number,
    workerId: o.workerId,
    host: o.host,
    claimedAt: o.now,
    startedAt: null,
    endedAt: null,
    outcome: null,
    reason: '',
    message: '',
    infrastructureFailure: false,
    result: null,
  };
}
