/** How many jobs each user has, and what memory they hold. */
import type { Clock } from '../../../core/ports/clock.js';
import type { JobSurvey, PoolUsage } from '../../../core/ports/job-survey.js';
import type { LeaderTask } from '../leader/leader-task.js';

/** Younger counts are given again. */
const RECENT_MS = 5000;

/** Counts of one moment. */
export interface UsageCount {
  /** Milliseconds since the epoch. */
  readonly countedAt: number;
  /** By user and pool. */
  readonly usage: readonly PoolUsage[];
}

/** Counts on demand, at most every few seconds, however many ask. */
export class UsageGauges {
  private last: { readonly at: number; readonly count: Promise<UsageCount> } | null = null;

  constructor(private readonly options: { readonly survey: JobSurvey; readonly clock: Clock }) {}

  /** The counts, at most 5 s old. */
  current(): Promise<UsageCount> {
    const at = this.options.clock.monotonic();
    if (this.last !== null && at - this.last.at < RECENT_MS) return this.last.count;
    const count = this.count();
    this.last = { at, count };
    count.catch(() => {
      if (this.last?.count === count) this.last = null;
    });
    return count;
  }

  private async count(): Promise<UsageCount> {
    const { survey, clock } = this.options;
    const countedAt = clock.now();
    const usage = await survey.usage();
    const key = ({ user, pool }: PoolUsage): string => JSON.stringify([user, pool]);
    return { countedAt, usage: usage.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)) };
  }
}

/** Leader task `usage`: keeps the gauges fresh, for whoever exports them, and says the sums. */
export class UsageTask implements LeaderTask {
  readonly name = 'usage';
  readonly schedule = { everyMs: 30_000 };

  constructor(private readonly gauges: UsageGauges) {}

  async run(): Promise<string> {
    const { usage } = await this.gauges.current();
    const sum = (of: (each: PoolUsage) => number): string => String(usage.reduce((total, each) => total + of(each), 0));
    const users = new Set(usage.map(({ user }) => user)).size;
    const jobs = `${sum((each) => each.activeJobs)} active jobs, ${sum((each) => each.waitingJobs)} of them waiting`;
    return `${jobs}, of ${String(users)} users, ${sum((each) => each.memoryMb)} MiB claimed`;
  }
}
