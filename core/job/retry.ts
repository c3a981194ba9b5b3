/** What follows an attempt that failed or was lost: another attempt after a rest, or the job's end. */
import { agentOfPool } from '../fleet/agent-pool.js';
import { currentAttempt } from './attempt.js';
import type { Attempt, Job } from './job.js';
import { killStep } from './kill.js';
import { CONTROL_PLANE, transition } from './transition.js';

/** Longest rest between attempts, unless the policy itself says longer. */
const LONGEST_REST_MS = 300_000;
/** Rest when the policy lists none. */
const DEFAULT_REST_MS = 1_000;

/** How failures are answered. A job's own failures are limited by the job itself. */
export interface RetryPolicy {
  /** Infrastructure failures that end the job. Default: 5. */
  readonly maxInfrastructureFailures: number;
  /** Rests before the second, third, ... attempt, in milliseconds, for example 1, 5 and 30 s; behind the last it doubles, up to 5 minutes. */
  readonly backoffMs: readonly number[];
}

/** Options of `retryOrFail`. */
export interface RetryOrFailOptions {
  /** Reason of FAILED. */
  readonly reason: string;
  /** What happened, for people. */
  readonly message: string;
  /** Who found out; actor of FAILED. */
  readonly actor: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly retry: RetryPolicy;
}

/** The job, whose current attempt has just failed or was lost, ACCEPTED again, KILLED or FAILED. */
export function retryOrFail(job: Job, o: RetryOrFailOptions): Job {
  const attempt = currentAttempt(job);
  const retried = isRetried(job, o.retry);
  if (job.kill !== null && (retried || isLost(attempt))) {
    return { ...transition(job, killStep(job.kill, o.now)), result: attempt.result };
  }
  if (retried) return acceptAgain(job, o);
  const { reason, message, actor, now } = o;
  return { ...transition(job, { to: 'FAILED', reason, message, actor, now }), result: attempt.result };
}

/**
 * Until when a job that goes to another attempt rests, or `null` when it may be claimed. The first offer ends the rest early: it comes when
 * `nextOfferAt` has passed.
 */
export function restsUntil(
  job: Pick<Job, 'status' | 'attempt' | 'offers' | 'nextOfferAt'>,
  now: number,
): number | null {
  const resting = job.status === 'ACCEPTED' && job.attempt > 0 && job.offers === 0;
  return resting && job.nextOfferAt !== null && now < job.nextOfferAt ? job.nextOfferAt : null;
}

/** Rest after the given number of attempts, at least 1. Milliseconds. */
export function restMs(policy: RetryPolicy, attempts: number): number {
  const listed = policy.backoffMs[attempts - 1];
  if (listed !== undefined) return listed;
  const last = policy.backoffMs.at(-1) ?? DEFAULT_REST_MS;
  const doublings = attempts - Math.max(policy.backoffMs.length, 1);
  return Math.max(last, Math.min(last * 2 ** doublings, LONGEST_REST_MS));
}

/** Attempts that failed by the job's own doing. */
export function ownFailures(job: Job): number {
  return job.attempts.filter((each) => each.outcome === 'FAILED' && !each.infrastructureFailure).length;
}

/** Attempts that the infrastructure failed. Claims lost before the program started are not counted: they cost the job nothing. */
export function infrastructureFailures(job: Job): number {
  return job.attempts.filter((each) => each.infrastructureFailure && !(isLost(each) && !hasStarted(each))).length;
}

function isRetried(job: Job, policy: RetryPolicy): boolean {
  if (agentOfPool(job.pool) !== null) return false; // the terminal shows one attempt
  const attempt = currentAttempt(job);
  const started = hasStarted(attempt);
  if (!attempt.infrastructureFailure) return ownFailures(job) < job.maxAttempts;
  if (isLost(attempt) && !started) return true;
  // A program that has run must not run again by surprise: only if the job allows more than one attempt.
  if (started && job.maxAttempts === 1) return false;
  return infrastructureFailures(job) < policy.maxInfrastructureFailures;
}

function acceptAgain(job: Job, o: RetryOrFailOptions): Job {
  const attempt = currentAttempt(job);
  const reason = isLost(attempt) && !hasStarted(attempt) ? 'CLAIM_LOST' : 'RETRY';
  const message = `Attempt ${attempt.number}: ${o.message}`;
  const nextOfferAt = o.now + restMs(o.retry, job.attempts.length);
  return transition({ ...job, nextOfferAt }, { to: 'ACCEPTED', reason, message, actor: CONTROL_PLANE, now: o.now });
}

function isLost(attempt: Attempt): boolean {
  return attempt.outcome === null && attempt.endedAt !== null;
}

function hasStarted(attempt: Attempt): boolean {
  return attempt.startedAt !== null || (attempt.result?.processId ?? null) !== null;
}
