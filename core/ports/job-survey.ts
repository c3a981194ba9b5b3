/** Questions about many jobs at once, which only sweeps and gauges ask. */
import type { DeadlineStage } from '../job/deadline.js';
import type { Job } from '../job/job.js';

/** What one user has in one pool. */
export interface PoolUsage {
  readonly user: string;
  readonly pool: string;
  /** Jobs that have not ended. */
  readonly activeJobs: number;
  /** Those of them that are ACCEPTED. */
  readonly waitingJobs: number;
  /** MiB that those claimed by a worker reserve. */
  readonly memoryMb: number;
}

/** Reads only; over the same jobs as `JobStore`, and rejects as that does. */
export interface JobSurvey {
  /** Jobs in a stage whose `deadlineBase` lies before a time, the earliest first. */
  overdue(options: {
    readonly stage: DeadlineStage;
    readonly before: number;
    readonly limit: number;
  }): Promise<readonly Job[]>;
  /** Jobs of which an archive is PENDING since before a time, by `archivePendingSince`, the earliest first. */
  pendingArchives(options: { readonly before: number; readonly limit: number }): Promise<readonly Job[]>;
  /** How many terminal jobs are kept. */
  countEnded(): Promise<number>;
  /** Counts of jobs that have not ended, in no order; none where there is nothing. */
  usage(): Promise<readonly PoolUsage[]>;
}
