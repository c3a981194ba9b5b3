/** Repairs a crash between the commit of a transition and its publication. */
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { LeaderTask } from '../leader/leader-task.js';
import type { EventPublisher } from './event-publisher.js';

/** Younger changes are still under way in the process that made them. */
const OLDER_THAN_MS = 5000;
const BATCH = 500;

/** Leader task `publish-events`: hands every job whose last transition is not known to be published to the publisher. */
export class PublishTask implements LeaderTask {
  readonly name = 'publish-events';
  readonly schedule = { everyMs: 2000 };

  constructor(
    private readonly options: {
      readonly store: JobStore;
      readonly publisher: EventPublisher;
      readonly clock: Clock;
    },
  ) {}

  async run(): Promise<string> {
    const { store, publisher, clock } = this.options;
    const jobs = await store.unpublished({ updatedBefore: clock.now() - OLDER_THAN_MS, limit: BATCH });
    for (const job of jobs) publisher.publish(job);
    return `${String(jobs.length)} jobs with unpublished transitions`;
  }
}
