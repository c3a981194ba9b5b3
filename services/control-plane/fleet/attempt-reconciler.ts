/** Brings what a worker holds and what it owns together. */
import { adoptAttempt } from '../../../core/job/adopt.js';
import type { AttemptReference, Job } from '../../../core/job/job.js';
import { loseAttempt } from '../../../core/job/lose.js';
import type { RetryPolicy } from '../../../core/job/retry.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { JobDecision, JobRepository } from '../jobs/job-repository.js';

/** A claim of the current session that the worker does not hold may still be on its way to it for this long. */
const CLAIM_UNDER_WAY_MS = 60_000;
/** How long to wait until the worker's own events are applied before attempts are declared lost. */
const CATCH_UP_MS = 5000;

/** Options of `AttemptReconciler`. */
export interface AttemptReconcilerOptions {
  readonly store: JobStore;
  readonly jobs: JobRepository;
  readonly retry: RetryPolicy;
  /** Resolves when the events that workers have sent so far are applied; false when that takes longer than the time given. */
  readonly caughtUp: (timeoutMs: number) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A worker's own account. */
export interface WorkerAccount {
  readonly workerId: string;
  readonly session: string;
  readonly held: readonly AttemptReference[];
}

/** What the worker is to be told. */
export interface Reconciliation {
  /** Attempts that it holds and does not own: it must end them. */
  readonly lost: readonly AttemptReference[];
  /** Attempts whose kill was asked for. */
  readonly kills: readonly AttemptReference[];
}

/**
 * Owned and held: the claim moves to the worker's current session. Owned and not held: lost, once the worker's events are applied (an attempt may be missing
 * because it has ended and its last event is still in the log). Held and not owned: the worker is told.
 */
export class AttemptReconciler {
  constructor(private readonly options: AttemptReconcilerOptions) {}

  async reconcile(account: WorkerAccount): Promise<Reconciliation> {
    const owned = await this.settleOwned(account);
    const kills = owned.filter((job) => job.kill !== null && holds(account, job)).map(referenceTo);
    return { lost: await this.findLost(account, owned), kills };
  }

  /** The jobs that the worker owns after claims were moved and missing attempts were lost. */
  private async settleOwned(account: WorkerAccount): Promise<readonly Job[]> {
    const { workerId } = account;
    const owned = await this.options.store.ownedBy({ workerId });
    if (owned.every((job) => this.isInOrder(account, job))) return owned;
    if (!(await this.options.caughtUp(CATCH_UP_MS))) {
      this.options.logger.warn({ workerId }, 'worker events are behind; missing attempts are decided later');
      return this.adoptHeld(account, owned);
    }
    const current = await this.options.store.ownedBy({ workerId });
    await Promise.all(current.map((job) => this.loseMissing(account, job)));
    return this.adoptHeld(account, current);
  }

  private isInOrder(account: WorkerAccount, job: Job): boolean {
    return holds(account, job) ? job.claim?.session === account.session : this.mayBeUnderWay(account, job);
  }

  private mayBeUnderWay(account: WorkerAccount, job: Job): boolean {
    const claimedAt = job.attempts.at(-1)?.claimedAt ?? 0;
    return job.claim?.session === account.session && this.options.clock.now() - claimedAt < CLAIM_UNDER_WAY_MS;
  }

  private async adoptHeld(account: WorkerAccount, owned: readonly Job[]): Promise<readonly Job[]> {
    const { workerId, session } = account;
    const adopted = await Promise.all(
      owned.map(async ({ id, attempt }) => {
        const now = this.options.clock.now();
        const adopt = (job: Job): JobDecision =>
          holds(account, job) ? adoptAttempt(job, { workerId, session, attempt, now }) : { kind: 'lost' };
        const decided = await this.options.jobs.decide(id, adopt);
        return decided === null || decided.result.kind === 'lost' ? [] : [decided.job];
      }),
    );
    return adopted.flat();
  }

  private async loseMissing(account: WorkerAccount, { id }: Job): Promise<void> {
    const { retry, clock, logger } = this.options;
    const { workerId } = account;
    const decided = await this.options.jobs.decide(id, (job): JobDecision => {
      if (job.claim?.workerId !== workerId || this.isOnGoing(account, job)) return { kind: 'kept' };
      const message = `Worker ${workerId} does not hold attempt ${String(job.attempt)} any more.`;
      return { kind: 'lost', job: loseAttempt(job, { reason: 'NOT_HELD', message, now: clock.now(), retry }) };
    });
    if (decided?.result.kind === 'lost') logger.warn({ jobId: id, workerId }, 'an attempt was lost by its worker');
  }

  private isOnGoing(account: WorkerAccount, job: Job): boolean {
    return holds(account, job) || this.mayBeUnderWay(account, job);
  }

  /** Held attempts that are somebody else's or nobody's; not those that the worker itself has ended. */
  private async findLost(account: WorkerAccount, owned: readonly Job[]): Promise<readonly AttemptReference[]> {
    const mine = new Set(owned.map((job) => keyOf(referenceTo(job))));
    const foreign = account.held.filter((reference) => !mine.has(keyOf(reference)));
    if (foreign.length === 0) return [];
    const jobs = await this.options.store.getMany({ ids: foreign.map(({ jobId }) => jobId) });
    return foreign.filter((reference, index) => {
      const job = jobs[index];
      return job === null || job === undefined || !isOwn(job, reference, account.workerId);
    });
  }
}

/** Whether the attempt is the worker's now, or was ended by its own report. */
function isOwn(job: Job, reference: AttemptReference, workerId: string): boolean {
  const attempt = job.attempts.find(({ number }) => number === reference.attempt);
  if (attempt?.workerId !== workerId) return false;
  return attempt.outcome !== null || (job.attempt === reference.attempt && job.claim?.workerId === workerId);
}

function holds(account: WorkerAccount, job: Job): boolean {
  return account.held.some(({ jobId, attempt }) => jobId === job.id && attempt === job.attempt);
}

function referenceTo(job: Job): AttemptReference {
  return { jobId: job.id, attempt: job.attempt };
}

function keyOf({ jobId, attempt }: AttemptReference): string {
  return `${jobId}/${String(attempt)}`;
}
