/** Lets a restarted worker keep an attempt that outlived its process. */
import type { Job } from './job.js';
import { revise } from './transition.js';

/** Longest time that a call may be under way. */
const LATE_MS = 60_000;

/** Options of `adoptAttempt`. */
export interface AdoptAttemptOptions {
  /** Worker that holds the attempt. */
  readonly workerId: string;
  /** The worker's new session. */
  readonly session: string;
  /** Number of the attempt that it holds. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** `unchanged`: it is the session's already. `lost`: the worker does not own the attempt any more and must end it. */
export type AdoptAttemptResult =
  { readonly kind: 'adopted'; readonly job: Job } | { readonly kind: 'unchanged' } | { readonly kind: 'lost' };

/** Moves a claim to a new session of the same worker. Events are counted from 1 again; those of the session before become stale. */
export function adoptAttempt(job: Job, o: AdoptAttemptOptions): AdoptAttemptResult {
  const { claim } = job;
  if (claim === null || claim.workerId !== o.workerId || job.attempt !== o.attempt) return { kind: 'lost' };
  if (claim.session === o.session || isLate(job, claim.session, o)) return { kind: 'unchanged' };
  return {
    kind: 'adopted',
    job: revise({ ...job, claim: { ...claim, session: o.session, eventSequence: 0 } }, o.now),
  };
}

/**
 * Whether a later session of the worker has just taken the claim, and this is the word of the one before, still under way. Sessions sort by the time of their making; only for as long as
 * a call can be late, because a machine's clock may have been set back.
 */
function isLate(job: Job, current: string, { session, now }: AdoptAttemptOptions): boolean {
  return session < current && now - job.updatedAt < LATE_MS;
}
