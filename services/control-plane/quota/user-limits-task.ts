/** Keeps the slots of users true to their jobs. */
import type { Job } from '../../../core/job/job.js';
import { isTerminal, JOB_STATUSES } from '../../../core/job/status.js';
import type { JobFilter, JobStore } from '../../../core/ports/job-store.js';
import type { UserSlotStore } from '../../../core/ports/user-slot-store.js';
import type { LeaderTask } from '../leader/leader-task.js';
import type { UserLimits } from './user-limits.js';

const PAGE = 500;
const ACTIVE: JobFilter = {
  statuses: JOB_STATUSES.filter((status) => !isTerminal(status)),
  ...{ user: null, name: null, tags: [], cluster: null, command: null },
  ...{ grouping: null, groupingInstance: null, createdFrom: null, createdBefore: null },
};

/** Leader task `user-limits`: jobs that were submitted before there was a limit count too, and slots of jobs that are no more are freed. */
export class UserLimitsTask implements LeaderTask {
  readonly name = 'user-limits';
  readonly schedule = { everyMs: 60_000 };

  constructor(
    private readonly options: {
      readonly jobs: JobStore;
      readonly store: UserSlotStore;
      readonly limits: UserLimits;
    },
  ) {}

  async run(signal: AbortSignal): Promise<string> {
    const { store, limits } = this.options;
    if (!limits.limitsAnybody) return 'nobody is limited';
    const active = new Map((await store.users()).map((user) => [user, [] as string[]]));
    for await (const { id, request } of this.activeJobs(signal)) {
      active.set(request.user, [...(active.get(request.user) ?? []), id]);
    }
    const users = [...active].filter(([user]) => limits.limitOf(user) !== null);
    for (const [user, ids] of users) if (!signal.aborted) await limits.compare(user, ids);
    return `${String(users.length)} users compared`;
  }

  private async *activeJobs(signal: AbortSignal): AsyncGenerator<Job> {
    for (let after: Job | null = null; !signal.aborted;) {
      const page: readonly Job[] = await this.options.jobs.list({
        filter: ACTIVE,
        order: 'oldest',
        after,
        limit: PAGE,
      });
      yield* page;
      after = page.at(-1) ?? null;
      if (page.length < PAGE) return;
    }
  }
}
