/** The one loop that is the outbox of submits, the sweep of stranded jobs and the retry. */
import { offerDue } from '../../../core/job/offer.js';
import type { Job } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { LeaderTask } from '../leader/leader-task.js';
import type { Offerer } from './offerer.js';

/** Jobs a run. A longer backlog is the workers' to ask for (`ClaimNext`): offering it faster would only add writes. */
const BATCH = 100;

/** Leader task `re-offer`: moves `nextOfferAt` of waiting jobs whose time has come, then offers them again. */
export class ReOfferTask implements LeaderTask {
  readonly name = 're-offer';
  readonly schedule = { everyMs: 500 };

  constructor(
    private readonly options: {
      readonly store: JobStore;
      readonly jobs: JobRepository;
      readonly offerer: Offerer;
      readonly clock: Clock;
    },
  ) {}

  async run(signal: AbortSignal): Promise<string> {
    const { store, clock } = this.options;
    const due = await store.dueOffers({ now: clock.now(), limit: BATCH });
    const offered = await Promise.all(due.map((job) => this.offer(job, signal)));
    return `${String(offered.filter(Boolean).length)} jobs offered again`;
  }

  private async offer(job: Job, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    const now = this.options.clock.now();
    const decided = await this.options.jobs.decide(job.id, (current) => offerDue(current, now));
    if (decided?.result.kind !== 'offered') return false;
    this.options.offerer.offer(decided.job);
    return true;
  }
}
