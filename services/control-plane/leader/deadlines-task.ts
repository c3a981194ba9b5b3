/** Ends what stays where it is for too long. */
import {
  DEADLINE_STAGES,
  enforceDeadline,
  type DeadlinePolicy,
  type DeadlineStage,
} from '../../../core/job/deadline.js';
import type { Job } from '../../../core/job/job.js';
import type { RetryPolicy } from '../../../core/job/retry.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobSurvey } from '../../../core/ports/job-survey.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { KillDelivery } from '../fleet/kill-delivery.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { LeaderTask } from './leader-task.js';

/** Jobs of a stage that one run decides. */
const BATCH = 200;
/** How long to wait until the workers' events are applied: what looks stuck may have been reported. */
const CATCH_UP_MS = 20_000;

/** Options of `DeadlinesTask`. */
export interface DeadlinesTaskOptions {
  readonly survey: JobSurvey;
  readonly jobs: JobRepository;
  readonly kills: KillDelivery;
  readonly policy: DeadlinePolicy;
  readonly retry: RetryPolicy;
  /** Rest of an attempt that was given up, see `EnforceDeadlineOptions`. */
  readonly restMs: number;
  /** Resolves when the events that workers have sent so far are applied; false when that takes longer than the time given. */
  readonly caughtUp: (timeoutMs: number) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Leader task `deadlines`. */
export class DeadlinesTask implements LeaderTask {
  readonly name = 'deadlines';
  readonly schedule = { everyMs: 5000 };

  constructor(private readonly options: DeadlinesTaskOptions) {}

  async run(signal: AbortSignal): Promise<string> {
    const found = await Promise.all(DEADLINE_STAGES.map((stage) => this.find(stage)));
    const [waiting, owned] = [found[0] ?? [], found.slice(1).flat()];
    const behind = owned.length > 0 && !(await this.options.caughtUp(CATCH_UP_MS));
    const due = behind ? waiting : [...waiting, ...owned];
    const done = await Promise.all(due.map((job) => this.enforce(job, signal)));
    const count = (kind: string): string => String(done.filter((each) => each === kind).length);
    const told = `${count('failed')} jobs failed, ${count('lost')} attempts given up, ${count('kill')} kills asked`;
    return behind ? `${told}; events of workers are behind` : told;
  }

  private async find(stage: DeadlineStage): Promise<readonly Job[]> {
    const { survey, policy, clock } = this.options;
    const allowance = policy[stage];
    return allowance === null ? [] : survey.overdue({ stage, before: clock.now() - allowance, limit: BATCH });
  }

  private async enforce({ id }: Job, signal: AbortSignal): Promise<string> {
    const { jobs, policy, retry, restMs, kills, clock, logger } = this.options;
    if (signal.aborted) return 'kept';
    const decided = await jobs.decide(id, (job) => enforceDeadline(job, { now: clock.now(), policy, retry, restMs }));
    const kind = decided?.result.kind ?? 'kept';
    if (decided === null || kind === 'kept') return kind;
    if (kind === 'kill') kills.deliver(decided.job);
    logger.warn({ jobId: id, kind, reason: decided.job.reason }, 'a job has passed its deadline');
    return kind;
  }
}
