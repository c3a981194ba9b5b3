/** Deletes what is older than anyone wants to see. */
import type { Clock } from '../../../core/ports/clock.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { JobSurvey } from '../../../core/ports/job-survey.js';
import type { LeaderTask } from './leader-task.js';

/** Jobs deleted in one write: short enough not to hold up others. */
const BATCH = 200;
/** Jobs that one run deletes of each kind. */
const MOST = 20_000;
/** Workers that were not heard of for this long are forgotten, unless they still own attempts: whoever gives those up has to know the session that ends. */
const WORKER_RETENTION_MS = 7 * 86_400_000;

/** Options of `RetentionTask`. */
export interface RetentionTaskOptions {
  readonly jobs: JobStore;
  readonly survey: JobSurvey;
  readonly fleet: FleetStore;
  /** How long jobs are kept after their end, milliseconds. */
  readonly jobRetentionMs: number;
  /** Ended jobs that are kept, the last ones; `null`: all. */
  readonly maxEndedJobs: number | null;
  readonly clock: Clock;
}

/** Leader task `retention`: ended jobs by age and number, and long silent workers. */
export class RetentionTask implements LeaderTask {
  readonly name = 'retention';
  readonly schedule = { everyMs: 60_000 };

  constructor(private readonly options: RetentionTaskOptions) {}

  async run(signal: AbortSignal): Promise<string> {
    const { jobRetentionMs, clock } = this.options;
    const now = clock.now();
    const old = await this.purge(now - jobRetentionMs, MOST, signal);
    const surplus = await this.purge(now, Math.min(MOST, await this.surplus()), signal);
    const workers = await this.forgetWorkers(now - WORKER_RETENTION_MS);
    return `${String(old + surplus)} jobs and ${String(workers)} workers deleted`;
  }

  private async forgetWorkers(seenBefore: number): Promise<number> {
    const { fleet, jobs } = this.options;
    const ids: string[] = [];
    for (const { id, seenAt } of await fleet.listWorkers()) {
      if (seenAt < seenBefore && (await jobs.ownedBy({ workerId: id })).length === 0) ids.push(id);
    }
    return fleet.purgeWorkers({ ids, seenBefore });
  }

  private async surplus(): Promise<number> {
    const { survey, maxEndedJobs } = this.options;
    return maxEndedJobs === null ? 0 : Math.max(0, (await survey.countEnded()) - maxEndedJobs);
  }

  /** The first that ended go first. */
  private async purge(endedBefore: number, most: number, signal: AbortSignal): Promise<number> {
    let deleted = 0;
    while (deleted < most && !signal.aborted) {
      const limit = Math.min(BATCH, most - deleted);
      const count = await this.options.jobs.purge({ endedBefore, limit });
      deleted += count;
      if (count < limit) break;
    }
    return deleted;
  }
}
