/** Ends a job on request: at once while it waits, through its worker while it is owned. */
import type { Job, KillRequest } from './job.js';
import { isOwned, isTerminal } from './status.js';
import { revise, transition, type Step } from './transition.js';

/** Options of `requestKill`. */
export interface RequestKillOptions {
  /** `user:<name>` or `control-plane`. */
  readonly actor: string;
  /** Why, for people; may be empty. */
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** `requested`: the wish is recorded and the worker is still to be told. `unchanged`: the job has ended, or was asked to before. */
export type RequestKillResult =
  { readonly kind: 'killed' | 'requested'; readonly job: Job } | { readonly kind: 'unchanged' };

/** Records the wish to end a job; the first one stays. */
export function requestKill(job: Job, o: RequestKillOptions): RequestKillResult {
  if (isTerminal(job.status) || job.kill !== null) return { kind: 'unchanged' };
  const kill: KillRequest = { at: o.now, actor: o.actor, reason: o.reason };
  const wished = { ...job, kill };
  if (isOwned(job.status)) return { kind: 'requested', job: revise(wished, o.now) };
  return { kind: 'killed', job: transition(wished, killStep(kill, o.now)) };
}

/** The step that carries a kill request out. */
export function killStep(kill: KillRequest, now: number): Step {
  const why = kill.reason === '' ? '.' : `: ${kill.reason}`;
  return {
    to: 'KILLED',
    reason: 'KILL_REQUESTED',
    message: `Killed on request of ${kill.actor}${why}`,
    actor: kill.actor,
    now,
  };
}
