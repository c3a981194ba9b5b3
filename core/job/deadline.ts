/**
 * How long a job may stay where it is. A deadline is a time that follows from the job alone (`deadlineBase`, by which a store finds jobs) plus an
 * allowance that is a matter of policy.
 */
import { durationText } from './duration-text.js';
import type { Job } from './job.js';
import { requestKill } from './kill.js';
import { loseAttempt } from './lose.js';
import type { RetryPolicy } from './retry.js';
import { isOwned } from './status.js';
import { CONTROL_PLANE, transition } from './transition.js';

/** What a job may stay in: a status that lasts, or the wait for the end of an attempt that is to be killed. */
export const DEADLINE_STAGES = ['ACCEPTED', 'CLAIMED', 'INIT', 'RUNNING', 'KILL'] as const;
export type DeadlineStage = (typeof DEADLINE_STAGES)[number];

/** Milliseconds that each stage may last; `null`: for ever. RUNNING: beyond the job's own timeout, which its worker enforces. */
export type DeadlinePolicy = Readonly<Record<DeadlineStage, number | null>>;

/** Where a job is and since when that counts, milliseconds since the epoch; `null` when it has ended. */
export function deadlineBase(job: Job): { readonly stage: DeadlineStage; readonly at: number } | null {
  const since = job.history.at(-1)?.at ?? job.createdAt;
  if (isOwned(job.status) && job.kill !== null) return { stage: 'KILL', at: job.kill.at };
  switch (job.status) {
    case 'ACCEPTED':
    case 'CLAIMED':
    case 'INIT':
      return { stage: job.status, at: since };
    case 'RUNNING':
      return { stage: 'RUNNING', at: (job.startedAt ?? since) + job.timeoutMs };
    default:
      return null; // RESERVED and RESOLVED are passed through on the way to the first write
  }
}

/** When the job's stage ends at the latest; `null`: never. */
export function deadlineOf(job: Job, policy: DeadlinePolicy): number | null {
  const base = deadlineBase(job);
  const allowance = base === null ? null : policy[base.stage];
  return base === null || allowance === null ? null : base.at + allowance;
}

/** Options of `enforceDeadline`. */
export interface EnforceDeadlineOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly policy: DeadlinePolicy;
  readonly retry: RetryPolicy;
  /**
   * Rest before an attempt that did not get going is tried elsewhere, milliseconds: long enough that its worker has heard of the loss and ended it, or has been
   * fenced.
   */
  readonly restMs: number;
}

/** `kill`: the worker is to be told. */
export type EnforceDeadlineResult =
  | { readonly kind: 'failed' | 'lost' | 'kill'; readonly job: Job }
  /** Its deadline has not passed. */
  | { readonly kind: 'kept' };

/**
 * The job after its deadline. One that waited too long has FAILED; an attempt that does not get going is lost, a failure of the infrastructure; one that runs on beyond
 * its timeout is to be killed; and one whose kill nobody answers is lost too, which ends the job KILLED.
 */
export function enforceDeadline(job: Job, o: EnforceDeadlineOptions): EnforceDeadlineResult {
  const deadline = deadlineOf(job, o.policy);
  const base = deadlineBase(job);
  if (base === null || deadline === null || deadline > o.now) return { kind: 'kept' };
  const waited = durationText(o.now - base.at);
  switch (base.stage) {
    case 'ACCEPTED':
      return { kind: 'failed', job: failWaiting(job, `No worker took it within ${waited}.`, o.now) };
    case 'CLAIMED':
      return {
        kind: 'lost',
        job: lose(job, 'CLAIM_STALLED', `nothing was heard of it for ${waited} after the claim`, o),
      };
    case 'INIT':
      return { kind: 'lost', job: lose(job, 'INIT_STALLED', `its preparation took longer than ${waited}`, o) };
    case 'RUNNING': {
      const reason = `it ran ${waited} beyond its timeout of ${durationText(job.timeoutMs)}`;
      const asked = requestKill(job, { actor: CONTROL_PLANE, reason, now: o.now });
      return asked.kind === 'unchanged' ? { kind: 'kept' } : { kind: 'kill', job: asked.job };
    }
    case 'KILL':
      return { kind: 'lost', job: lose(job, 'KILL_UNANSWERED', `its worker did not report its end for ${waited}`, o) };
    default:
      return base.stage satisfies never;
  }
}

function failWaiting(job: Job, message: string, now: number): Job {
  return transition(job, { to: 'FAILED', reason: 'WAITED_TOO_LONG', message, actor: CONTROL_PLANE, now });
}

function lose(job: Job, reason: string, why: string, { now, retry, restMs }: EnforceDeadlineOptions): Job {
  const message = `Attempt ${job.attempt} was given up: ${why}.`;
  const lost = loseAttempt(job, { reason, message, now, retry });
  return lost.nextOfferAt === null ? lost : { ...lost, nextOfferAt: Math.max(lost.nextOfferAt, now + restMs) };
}
