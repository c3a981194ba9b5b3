/** Judges a history. */
import type { Job } from '../../core/job/job.js';
import { checkEnds, checkEvents, checkGone, checkQuiet, checkRepeats, checkTruth } from './check-jobs.js';
import { checkAttempts, checkBudget, checkFence, checkKills, checkObedience, checkSingle } from './check-processes.js';
import type { Recorded } from './history.js';

/** What there is to judge. */
export interface CheckContext {
  readonly entries: readonly Recorded[];
  /** The jobs as they are in the end. */
  readonly jobs: readonly Job[];
  readonly leaseTtlMs: number;
  /** From when on everything is as if there had been no faults, milliseconds of the simulation. */
  readonly healthyAt: number;
  /** After how long what a host held is taken from it when it is lost for ever, milliseconds, once everything else is healthy. */
  readonly givenUpWithinMs: number;
  /** MiB of a job. */
  readonly memoryOf: (jobId: string) => number;
  /** MiB that the worker of a host may give. */
  readonly budgetOf: (host: string) => number;
}

const CHECKS = [
  checkSingle,
  checkAttempts,
  checkBudget,
  checkFence,
  checkKills,
  checkObedience,
  checkEnds,
  checkEvents,
  checkTruth,
  checkQuiet,
  checkGone,
  checkRepeats,
  checkRecorded,
] as const;

/** Everything that is wrong; empty for a good history. */
export function check(context: CheckContext): readonly string[] {
  return CHECKS.flatMap((each) => each(context));
}

/** What was noticed at once. */
function checkRecorded({ entries }: CheckContext): readonly string[] {
  return entries.flatMap((entry) => {
    if (entry.kind === 'defect') return [`DEFECT: ${entry.what}`];
    if (entry.kind !== 'idle-room') return [];
    return [
      `IDLE: ${entry.host} had room for ${entry.jobId} for ${entry.forMs.toFixed(0)} ms at ${entry.at.toFixed(0)}`,
    ];
  });
}
