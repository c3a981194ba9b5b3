/** Keeps the watermarks of the heartbeats moving. */
import type { TopicLog } from '../../../core/ports/topic-log.js';
import type { LeaderTask } from '../leader/leader-task.js';
import { ticks } from './heartbeats.js';

const INTERVAL_MS = 2000;
/** Part of the lease between two ticks, for leases that are short. */
const INTERVAL_PART = 0.1;

/** Leader task `heartbeat-ticks`. Only the leader ticks, because only a leader gives workers up. */
export class TickTask implements LeaderTask {
  readonly name = 'heartbeat-ticks';
  readonly schedule: { readonly everyMs: number };

  constructor(
    private readonly options: {
      readonly log: TopicLog;
      /** Partitions of the topic of heartbeats. */
      readonly partitions: () => number;
      /** Length of leases, milliseconds. */
      readonly leaseTtlMs: number;
    },
  ) {
    this.schedule = { everyMs: Math.min(INTERVAL_MS, options.leaseTtlMs * INTERVAL_PART) };
  }

  async run(): Promise<string> {
    const { log } = this.options;
    const partitions = this.options.partitions();
    await log.produce({ records: ticks(partitions) });
    return `${String(partitions)} ticks`;
  }
}
