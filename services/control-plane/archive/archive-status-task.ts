/** Gives up the archives of which nothing is heard: their workers are gone. */
import { giveUpArchives } from '../../../core/job/archive.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobSurvey } from '../../../core/ports/job-survey.js';
import type { JobDecision, JobRepository } from '../jobs/job-repository.js';
import type { LeaderTask } from '../leader/leader-task.js';

/** Jobs that one run decides. */
const BATCH = 500;

/** Options of `ArchiveStatusTask`. */
export interface ArchiveStatusTaskOptions {
  readonly survey: JobSurvey;
  readonly jobs: JobRepository;
  /** How long an archive may be PENDING, milliseconds. */
  readonly archiveUnknownAfterMs: number;
  readonly clock: Clock;
}

/** Leader task `archive-status`. A worker that comes back later may still tell that it has archived. */
export class ArchiveStatusTask implements LeaderTask {
  readonly name = 'archive-status';
  readonly schedule = { everyMs: 60_000 };

  constructor(private readonly options: ArchiveStatusTaskOptions) {}

  async run(signal: AbortSignal): Promise<string> {
    const { survey, jobs, clock, archiveUnknownAfterMs } = this.options;
    const pendingBefore = clock.now() - archiveUnknownAfterMs;
    const due = await survey.pendingArchives({ before: pendingBefore, limit: BATCH });
    let count = 0;
    for (const { id } of due) {
      if (signal.aborted) break;
      const decided = await jobs.decide(id, (job): JobDecision => {
        const given = giveUpArchives(job, { pendingBefore, now: clock.now() });
        return given === null ? { kind: 'kept' } : { kind: 'given-up', job: given };
      });
      if (decided?.result.kind === 'given-up') count += 1;
    }
    return `the archives of ${String(count)} jobs given up`;
  }
}
