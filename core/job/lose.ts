/** Takes an attempt away from a worker that is known not to hold it any more. */
import { attemptTime, changeAttempt, currentAttempt } from './attempt.js';
import type { Job } from './job.js';
import { retryOrFail, type RetryPolicy } from './retry.js';
import { CONTROL_PLANE } from './transition.js';

/** Options of `loseAttempt`. */
export interface LoseAttemptOptions {
  /** Machine-readable cause, kept with the attempt, for example `LEASE_EXPIRED`. */
  readonly reason: string;
  /** The same for people. */
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly retry: RetryPolicy;
}

/**
 * The job without its current attempt. Before the program started it is always tried again; afterwards only if the job allows more than one attempt
 * and the infrastructure has not failed it too often, else it is FAILED with reason `WORKER_LOST`. KILLED when that was asked for.
 * `INTERNAL` when no worker owns the job: callers check `claim` first.
 */
export function loseAttempt(job: Job, o: LoseAttemptOptions): Job {
  const { reason, message, now, retry } = o;
  const attempt = currentAttempt(job);
  const lost = changeAttempt(job, {
    endedAt: attemptTime(attempt, now, now),
    reason,
    message,
    infrastructureFailure: true,
  });
  return retryOrFail(lost, { reason: 'WORKER_LOST', message, actor: CONTROL_PLANE, now, retry });
}
