/** The current attempt inside a job. Private to `core/job`. */
import { MaridError } from '../errors/marid-error.js';
import type { Attempt, Job } from './job.js';

/** The attempt that the job is at. `INTERNAL` when there is none yet. */
export function currentAttempt(job: Job): Attempt {
  const last = job.attempts.at(-1);
  if (last === undefined) {
    throw new MaridError('INTERNAL', `Job ${job.id} is ${job.status} and has no attempt.`, {
      facts: { job_id: job.id },
    });
  }
  return last;
}

/** The job with changes to its current attempt; no new revision. */
export function changeAttempt(job: Job, changes: Partial<Attempt>): Job {
  return { ...job, attempts: [...job.attempts.slice(0, -1), { ...currentAttempt(job), ...changes }] };
}

/**
 * A time by a worker's clock, put between the last known time of its attempt and now: the worker's word counts, but an attempt never
 * ends before it started because two clocks differ.
 */
export function attemptTime(attempt: Attempt, at: number, now: number): number {
  return Math.max(attempt.startedAt ?? attempt.claimedAt, Math.min(at, now));
}
