/** `JobSurvey` of the simulation. */
import { archivePendingSince } from '../../core/job/archive.js';
import { deadlineBase, type DeadlineStage } from '../../core/job/deadline.js';
import type { Job } from '../../core/job/job.js';
import { isOwned, isTerminal } from '../../core/job/status.js';
import type { JobSurvey, PoolUsage } from '../../core/ports/job-survey.js';
import type { Link } from './link.js';
import type { StoreState } from './store-state.js';

/** The store as one process reaches it. */
export class SimJobSurvey implements JobSurvey {
  constructor(
    private readonly state: StoreState,
    private readonly link: Link,
  ) {}

  overdue(options: {
    readonly stage: DeadlineStage;
    readonly before: number;
    readonly limit: number;
  }): Promise<readonly Job[]> {
    const { stage, before, limit } = options;
    return this.link.call(() =>
      this.#jobs()
        .map((job) => ({ job, base: deadlineBase(job) }))
        .filter(({ base }) => base?.stage === stage && base.at < before)
        .sort((a, b) => (a.base?.at ?? 0) - (b.base?.at ?? 0))
        .slice(0, limit)
        .map(({ job }) => job),
    );
  }

  pendingArchives(options: { readonly before: number; readonly limit: number }): Promise<readonly Job[]> {
    const { before, limit } = options;
    const since = (job: Job): number => archivePendingSince(job) ?? Infinity;
    return this.link.call(() =>
      this.#jobs()
        .filter((job) => since(job) < before)
        .sort((a, b) => since(a) - since(b))
        .slice(0, limit),
    );
  }

  countEnded(): Promise<number> {
    return this.link.call(() => this.#jobs().filter(({ status }) => isTerminal(status)).length);
  }

  usage(): Promise<readonly PoolUsage[]> {
    return this.link.call(() => {
      const usage = new Map<string, PoolUsage>();
      for (const job of this.#jobs().filter(({ status }) => !isTerminal(status))) {
        const { user } = job.request;
        const key = JSON.stringify([user, job.pool]);
        const { activeJobs, waitingJobs, memoryMb } = usage.get(key) ?? { activeJobs: 0, waitingJobs: 0, memoryMb: 0 };
        const waits = job.status === 'ACCEPTED';
        usage.set(key, {
          ...{ user, pool: job.pool, activeJobs: activeJobs + 1, waitingJobs: waitingJobs + (waits ? 1 : 0) },
          memoryMb: memoryMb + (isOwned(job.status) ? job.memoryMb : 0),
        });
      }
      return [...usage.values()];
    });
  }

  #jobs(): readonly Job[] {
    return [...this.state.jobs.values()];
  }
}
