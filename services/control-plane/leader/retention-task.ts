/** Deletes what is older than anyone wants to see. */
import type { Clock } from '../../../core/ports/clock.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { LeaderTask } from './leader-task.js';

/** Jobs deleted in one write: short enough not to hold up others. */
const BATCH = 200;
const MAX_BATCHES = 100;
/** Workers that were not heard of for this long are forgotten. */
const WORKER_RETENTION_MS = 7 * 86_400_000;

/** Leader task `retention`: ended jobs and long silent workers. */
export class RetentionTask implements LeaderTask {
  readonly name = 'retention';
  readonly intervalMs = 60_000;

  constructor(
    private readonly options: {
      readonly jobs: JobStore;
      readonly fleet: FleetStore;
      /** How long jobs are kept after their end, milliseconds. */
      readonly jobRetentionMs: number;
      readonly clock: Clock;
    },
  ) {}

  async run(signal: AbortSignal): Promise<string> {
    const { jobs, fleet, jobRetentionMs, clock } = this.options;
    const now = clock.now();
    let deleted = 0;
    for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch += 1) {
      const count = await jobs.purge({ endedBefore: now - jobRetentionMs, limit: BATCH });
      deleted += count;
      if (count < BATCH) break;
    }
    const workers = await fleet.purgeWorkers({ seenBefore: now - WORKER_RETENTION_MS });
    return `${String(deleted)} jobs and ${String(workers)} workers deleted`;
  }
}
