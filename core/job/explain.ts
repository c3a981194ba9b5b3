/** Says for people where a job is and why. */
import type { ExpiryBrake } from '../fleet/expiry-brake.js';
import type { Reservation } from '../fleet/worker-record.js';
import { deadlineBase, deadlineOf, type DeadlinePolicy } from './deadline.js';
import { durationText } from './duration-text.js';
import { explainAttempts, explainEnd } from './explain-attempts.js';
import { explainWaiting } from './explain-waiting.js';
import { explainSilence, silenceOf } from './explain-silence.js';
import type { Job } from './job.js';
import type { RetryPolicy } from './retry.js';

/** A worker as the fleet knows it now. */
export interface WorkerFacts {
  readonly id: string;
  readonly pool: string;
  readonly memoryBudgetMb: number;
  readonly memoryFreeMb: number;
  /** Heard of lately. */
  readonly alive: boolean;
  /** Claims nothing any more. */
  readonly draining: boolean;
  /** Has a session, and was not heard of for longer than its lease. */
  readonly silent: boolean;
  /** When it was last heard of, milliseconds since the epoch. */
  readonly seenAt: number;
  /** When its attempts are given up if nothing is heard of it, milliseconds since the epoch. */
  readonly givenUpAt: number;
  /** No brake keeps it from being given up. */
  readonly released: boolean;
  /** Claims nothing but this job. */
  readonly reservation: Reservation | null;
}

/** What an explanation takes into account besides the job. */
export interface ExplainFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Workers of all pools. */
  readonly workers: readonly WorkerFacts[];
  /** Pools of which too many workers are silent. */
  readonly brakes: readonly ExpiryBrake[];
  readonly retry: RetryPolicy;
  /** How long jobs may stay where they are. */
  readonly deadlines: DeadlinePolicy;
}

/** An explanation. */
export interface Explanation {
  /** One sentence; more when the job's worker is silent. */
  readonly summary: string;
  /** One sentence each: what was chosen, what happened, what it waits for. */
  readonly details: readonly string[];
}

/** Explains a job. */
export function explainJob(job: Job, facts: ExplainFacts): Explanation {
  const waiting = job.status === 'ACCEPTED' ? explainWaiting(job, facts) : null;
  const told = [...explainMatch(job), ...explainAttempts(job), ...explainKill(job), ...(waiting?.details ?? [])];
  const summary = [waiting?.summary ?? summarize(job, facts), ...explainSilence(job, facts)].join(' ');
  return { summary, details: [...told, ...explainDeadline(job, facts)] };
}

function summarize(job: Job, facts: ExplainFacts): string {
  switch (job.status) {
    case 'RESERVED':
    case 'RESOLVED':
    case 'ACCEPTED':
      return 'The job is being accepted.';
    case 'CLAIMED':
      return `${ownerOf(job, facts)} claimed attempt ${job.attempt} and has not begun to prepare it.`;
    case 'INIT':
      return `${ownerOf(job, facts)} prepares the directory of attempt ${job.attempt}.`;
    case 'RUNNING':
      return `${ownerOf(job, facts)} runs attempt ${job.attempt}${runTime(job, facts.now)}.`;
    case 'SUCCEEDED':
    case 'FAILED':
    case 'KILLED':
    case 'INVALID':
      return explainEnd(job);
    default:
      return job.status satisfies never;
  }
}

function explainMatch(job: Job): readonly string[] {
  const { cluster, command } = job.resolution;
  const chosen = `It runs command ${named(command)} on cluster ${named(cluster)} and reserves ${job.memoryMb} MiB.`;
  const why = job.history.find((each) => each.to === 'RESOLVED')?.message ?? '';
  return why === '' ? [chosen] : [chosen, why];
}

function explainKill(job: Job): readonly string[] {
  if (job.kill === null) return [];
  const { actor, reason } = job.kill;
  const why = reason === '' ? '' : ` (${JSON.stringify(reason)})`;
  return [`${actor} asked for its end${why} ${durationText(job.kill.at - job.createdAt)} after it was submitted.`];
}

function explainDeadline(job: Job, { now, deadlines }: ExplainFacts): readonly string[] {
  const stage = deadlineBase(job)?.stage;
  const deadline = deadlineOf(job, deadlines);
  if (stage === undefined || deadline === null) return [];
  const rest = durationText(deadline - now);
  switch (stage) {
    case 'ACCEPTED':
      return [`If no worker has taken it in ${rest}, it fails.`];
    case 'CLAIMED':
    case 'INIT':
      return [`If it has not gone on in ${rest}, the attempt is given up and tried elsewhere.`];
    case 'RUNNING':
      return [`If its end is not reported in ${rest}, it is killed.`];
    case 'KILL':
      return [`If its worker has not reported its end in ${rest}, it counts as killed.`];
    default:
      return stage satisfies never;
  }
}

function runTime(job: Job, now: number): string {
  if (job.startedAt === null) return '';
  return ` for ${durationText(now - job.startedAt)} of at most ${durationText(job.timeoutMs)}`;
}

function ownerOf(job: Job, facts: ExplainFacts): string {
  const { workerId, host } = job.attempts.at(-1) ?? { workerId: 'unknown', host: 'unknown' };
  return `Worker ${workerId} on ${host}${silenceOf(workerId, facts)}`;
}

function named(entry: { readonly id: string; readonly name: string; readonly version: string }): string {
  return `${JSON.stringify(entry.name)} (id ${entry.id}, version ${JSON.stringify(entry.version)})`;
}
