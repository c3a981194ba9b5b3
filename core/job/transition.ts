/** The only place where a job's status changes, and the only place where its revision grows. Private to `core/job`. */
import { MaridError } from '../errors/marid-error.js';
import type { Job, Transition } from './job.js';
import { isTerminal, mayFollow, type JobStatus } from './status.js';

/** Actor of what the control plane decides by itself. */
export const CONTROL_PLANE = 'control-plane';

/** A step to take. */
export interface Step {
  readonly to: JobStatus;
  /** Machine-readable cause. */
  readonly reason: string;
  /** The same for people. */
  readonly message: string;
  /** `user:<name>`, `worker:<id>` or `control-plane`. */
  readonly actor: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The job as its next revision. Every decision that is applied passes here exactly once, by itself or through `transition`. */
export function revise(job: Job, now: number): Job {
  return { ...job, revision: job.revision + 1, updatedAt: now };
}

/**
 * The job one step further, as its next revision. Fields that belong to a status follow it: nobody owns a job that waits or has ended, only a waiting
 * job is offered, only an ended one has an end. `INTERNAL` when the table does not allow the step: callers check first.
 */
export function transition(job: Job, step: Step): Job {
  if (!mayFollow(job.status, step.to)) {
    throw new MaridError('INTERNAL', `Job ${job.id} is ${job.status}: ${step.to} cannot follow.`, {
      facts: { job_id: job.id, from: job.status, to: step.to },
    });
  }
  return {
    ...revise(job, step.now),
    ...fieldsOf(step.to, step.now),
    status: step.to,
    reason: step.reason,
    message: step.message,
    history: [...job.history, transitionOf(job, step)],
  };
}

/** The entry of the history for a step; the first one has nothing before it. */
export function transitionOf(job: Pick<Job, 'history' | 'attempt'>, step: Step): Transition {
  const last = job.history.at(-1);
  return {
    sequence: (last?.sequence ?? 0) + 1,
    at: step.now,
    from: last?.to ?? null,
    to: step.to,
    attempt: job.attempt,
    reason: step.reason,
    message: step.message,
    actor: step.actor,
  };
}

function fieldsOf(to: JobStatus, now: number): Partial<Job> {
  if (isTerminal(to)) return { claim: null, nextOfferAt: null, endedAt: now };
  if (to === 'ACCEPTED') return { claim: null, startedAt: null, offers: 0 };
  return { nextOfferAt: null };
}
