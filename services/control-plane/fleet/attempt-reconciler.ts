/** Brings what a worker holds and what it owns together. */
import { attemptKey } from '../../../core/job/attempt-key.js';
import { adoptAttempt } from '../../../core/job/adopt.js';
import type { AttemptReference, Job } from '../../../core/job/job.js';
import type { RetryPolicy } from '../../../core/job/retry.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import { growingCache } from '../growing-cache.js';
import type { JobRepository } from '../jobs/job-repository.js';
import { CLAIM_UNDER_WAY_MS } from './claim-times.js';
import { loseOwned } from './lose-owned.js';

/** How long to wait until the worker's own events are applied before attempts are declared lost. */
const CATCH_UP_MS = 20_000;
/** How long a worker's call waits for that: its lease is renewed by the answer, so it must not wait for the log. */
const ANSWER_AFTER_MS = 1000;
/** Ends that were asked for and are remembered; one that is forgotten is asked for again. */
const MOST_ASKED = 10_000;

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
  /** It ends, and sends nothing any more. Default: false. */
  readonly stopping?: boolean;
}

/** The same with the keys of what is held, because a worker may hold hundreds. */
interface KeyedAccount extends WorkerAccount {
  readonly keys: ReadonlySet<string>;
}

/** What the worker is to be told. */
export interface Reconciliation {
  /** Attempts that it holds and does not own: it must end them. */
  readonly lost: readonly AttemptReference[];
  /** Attempts whose kill was asked for. */
  readonly kills: readonly AttemptReference[];
  /** Attempts whose last event it is to send again. */
  readonly repeats: readonly AttemptReference[];
}

/**
 * Owned and held: the claim moves to the worker's current session. Owned and not held: lost, once the worker's events are applied (an attempt may be missing
 * because it has ended and its last event is still in the log), by whichever control plane reads them; the worker's call waits a moment for that and no longer. Before, the
 * worker is asked once to send that event again: a topic that was deleted takes along what it had acknowledged. Held and not owned: the worker is told.
 *
 * States: open; stopped (`stop`, after what is under way has ended: the worker's next call begins it again).
 */
export class AttemptReconciler implements Service {
  /** By worker: attempts of it that are being lost. */
  private readonly losing = new Map<string, Promise<void>>();
  /** Attempts whose end was asked for, with the session. */
  private readonly asked = growingCache<string, true>(MOST_ASKED);

  constructor(private readonly options: AttemptReconcilerOptions) {}

  async start(): Promise<void> {
    // nothing runs until a worker misses an attempt
  }

  async stop(): Promise<void> {
    await Promise.all(this.losing.values());
  }

  async reconcile(told: WorkerAccount): Promise<Reconciliation> {
    const account = { ...told, keys: new Set(told.held.map(attemptKey)) };
    const { workerId } = account;
    const owned = await this.options.jobs.ownedBy(workerId);
    const toRepeat = new Set(owned.filter((job) => this.isToRepeat(account, job)));
    const unsettled = owned.filter((job) => !toRepeat.has(job) && !this.isInOrder(account, job));
    const missing = unsettled.filter((job) => !holds(account, job));
    if (unsettled.length > 0) await this.untilLost(workerId, missing);
    const kept = await this.adoptHeld(account, owned);
    const kills = kept.filter((job) => job.kill !== null && holds(account, job)).map(referenceTo);
    return { lost: await this.findLost(account, kept), kills, repeats: [...toRepeat].map(referenceTo) };
  }

  /** Whether an event may be lost: the end of an attempt that is not held (true once), or the start of one that is held and seems to be prepared for long. */
  private isToRepeat(account: KeyedAccount, job: Job): boolean {
    if (account.stopping === true || job.claim?.session !== account.session || this.mayBeUnderWay(account, job))
      return false;
    if (holds(account, job)) return job.status !== 'RUNNING';
    const key = `${account.session} ${attemptKey(referenceTo(job))}`;
    if (this.asked.has(key)) return false;
    this.asked.set(key, true);
    return true;
  }

  /** Begins to catch up and to lose the attempts, one round at a time for each worker, and waits a moment for it. */
  private async untilLost(workerId: string, missing: readonly Job[]): Promise<void> {
    const losing = this.losing.get(workerId) ?? this.lose(workerId, missing);
    this.losing.set(workerId, losing);
    const answered = new AbortController();
    await Promise.race([losing, this.options.clock.sleep(ANSWER_AFTER_MS, answered.signal)]);
    answered.abort();
  }

  /** Never rejects: what is not done is found again by the worker's next call. */
  private async lose(workerId: string, missing: readonly Job[]): Promise<void> {
    const { caughtUp, logger } = this.options;
    try {
      if (await caughtUp(CATCH_UP_MS)) await Promise.all(missing.map((job) => this.loseMissing(workerId, job)));
      else logger.warn({ workerId }, 'worker events are behind; missing attempts are decided later');
    } catch (error) {
      logger.warn({ error, workerId }, 'missing attempts could not be decided; they are decided later');
    } finally {
      this.losing.delete(workerId);
    }
  }

  private isInOrder(account: KeyedAccount, job: Job): boolean {
    return holds(account, job) ? job.claim?.session === account.session : this.mayBeUnderWay(account, job);
  }

  private mayBeUnderWay(account: KeyedAccount, job: Job): boolean {
    const claimedAt = job.attempts.at(-1)?.claimedAt ?? 0;
    return job.claim?.session === account.session && this.options.clock.now() - claimedAt < CLAIM_UNDER_WAY_MS;
  }

  /** The worker's jobs, without those that it owns no more: claims of attempts that it holds from an earlier session become the current one's. */
  private async adoptHeld(account: KeyedAccount, owned: readonly Job[]): Promise<readonly Job[]> {
    const { workerId, session } = account;
    const adopted = await Promise.all(
      owned.map(async (known) => {
        const { id, attempt } = known;
        if (!holds(account, known) || known.claim?.session === session) return [known];
        const now = this.options.clock.now();
        const decided = await this.options.jobs.decide(id, (job) =>
          adoptAttempt(job, { workerId, session, attempt, now }),
        );
        return decided === null || decided.result.kind === 'lost' ? [] : [decided.job];
      }),
    );
    return adopted.flat();
  }

  /** Loses the attempt if it is still owned as it was when the worker did not name it. */
  private async loseMissing(workerId: string, owned: Job): Promise<void> {
    const { jobs, retry, clock, logger } = this.options;
    const message = `Worker ${workerId} does not hold attempt ${String(owned.attempt)} any more.`;
    const lost = await loseOwned(jobs, owned, { reason: 'NOT_HELD', message, now: clock.now(), retry });
    if (lost) logger.warn({ jobId: owned.id, workerId }, 'an attempt was lost by its worker');
  }

  /** Held attempts that are somebody else's or nobody's; not those that the worker itself has ended. */
  private async findLost(account: KeyedAccount, owned: readonly Job[]): Promise<readonly AttemptReference[]> {
    const mine = new Set(owned.map((job) => attemptKey(referenceTo(job))));
    const foreign = account.held.filter((reference) => !mine.has(attemptKey(reference)));
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

function holds(account: KeyedAccount, job: Job): boolean {
  return account.keys.has(attemptKey(referenceTo(job)));
}

function referenceTo(job: Job): AttemptReference {
  return { jobId: job.id, attempt: job.attempt };
}
