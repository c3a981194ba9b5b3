/** Workers register, sync, drain and stop: the records of the fleet. */
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type { WorkerRecord } from '../../../core/fleet/worker-record.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import { within } from '../../../core/time/within.js';
import type { AttemptReconciler, Reconciliation, WorkerAccount } from './attempt-reconciler.js';
import type { RenewalByLog } from './renewal-by-log.js';
import type { LiveWorker, WorkerDirectory } from './worker-directory.js';

const MAX_TRIES = 20;
/** Longest time that a call may be under way. */
const LATE_MS = 60_000;
/** A session that another control plane ended, or a drain that it took, is seen here after this long at the latest. */
const RECENT_MS = 1000;
/** How long a renewal waits for the store, milliseconds: a worker waits 5 s for its answer, and the log may have to be asked as well. */
const STORE_MS = 2000;

/** Options of `WorkerSessions`. */
export interface WorkerSessionsOptions {
  readonly store: FleetStore;
  readonly directory: WorkerDirectory;
  readonly reconciler: AttemptReconciler;
  /** What renews a session while the store is away. */
  readonly renewal: RenewalByLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a worker says of itself when it registers. */
export type WorkerRegistration = WorkerAccount &
  Pick<WorkerRecord, 'pool' | 'host' | 'address' | 'memoryBudgetMb' | 'version'>;

/** What a worker says when it syncs. */
export interface WorkerSync extends WorkerAccount {
  readonly memoryFreeMb: number;
  /** It ends. */
  readonly stopping: boolean;
}

/** What a worker is told. */
export interface SessionAnswer extends Reconciliation {
  readonly sessionCurrent: boolean;
  readonly draining: boolean;
}

/** Sessions of workers: the record names the one current session of each worker, and every change of it is a compare-and-set. */
export class WorkerSessions {
  constructor(private readonly options: WorkerSessionsOptions) {}

  /** Opens a session; it ends the one before. `STALE_SESSION` when it comes too late: a later one has been opened a moment ago. */
  async register(registration: WorkerRegistration): Promise<SessionAnswer> {
    const { held, workerId, session, ...facts } = registration;
    const now = this.options.clock.now();
    const record = await this.write(workerId, (before) => {
      if (before !== null && isLate(session, before, now)) throw lateRegistration(workerId);
      return {
        ...{ id: workerId, session, ...facts, registeredAt: now, seenAt: now, stopped: false },
        ...{ draining: before?.draining ?? false, reservation: before?.reservation ?? null },
      };
    });
    this.options.logger.info({ workerId, session, pool: facts.pool, address: facts.address }, 'worker registered');
    const told = await this.options.reconciler.reconcile({ workerId, session, held });
    return { ...told, sessionCurrent: true, draining: record.draining };
  }

  /**
   * Renews a session. While the store is away, a session that is known here goes on by the log alone, and what the worker is to be told waits for the store. Rejects
   * with `UNAVAILABLE` or `DEADLINE_EXCEEDED` within seconds when neither answers.
   */
  async sync(sync: WorkerSync): Promise<SessionAnswer> {
    const { clock, renewal, logger } = this.options;
    const { workerId } = sync;
    const what = `Renewing the session of worker ${workerId}`;
    try {
      return await within({ clock, ms: STORE_MS, what }, this.syncWithStore(sync));
    } catch (error) {
      if (sync.stopping || !isMaridError(error) || !error.retryable) throw error;
      const worker = await renewal.renew(sync);
      if (worker === null) throw error;
      logger.debug({ error, workerId }, 'the store is away: a lease was renewed by the log');
      return { sessionCurrent: true, draining: worker.record.draining, lost: [], kills: [] };
    }
  }

  /** Asks a worker to claim nothing more, or to claim again. `NOT_FOUND` when there is none with the id. */
  async drain(workerId: string, draining: boolean): Promise<LiveWorker> {
    await this.write(workerId, (before) => {
      if (before === null) throw workerNotFound(workerId);
      return { ...before, draining };
    });
    return this.require(workerId);
  }

  /** The worker if the session is its current one, else `null`. */
  async current(workerId: string, session: string): Promise<LiveWorker | null> {
    const { directory } = this.options;
    const known = await directory.recent(workerId, RECENT_MS);
    const worker = known?.record.session === session ? known : await directory.reload(workerId);
    return worker?.record.session === session ? worker : null;
  }

  private async syncWithStore({ memoryFreeMb, stopping, ...account }: WorkerSync): Promise<SessionAnswer> {
    const worker = await this.current(account.workerId, account.session);
    if (worker === null) return { sessionCurrent: false, draining: false, lost: [], kills: [] };
    this.options.directory.heard(account.workerId, { memoryFreeMb, runningJobs: account.held.length });
    if (stopping && !worker.record.stopped) await this.stop(account);
    const told = await this.options.reconciler.reconcile(account);
    return { ...told, sessionCurrent: true, draining: worker.record.draining };
  }

  private async stop({ workerId, session }: WorkerAccount): Promise<void> {
    await this.write(workerId, (before) => {
      if (before === null) throw workerNotFound(workerId);
      return before.session === session ? { ...before, stopped: true, seenAt: this.options.clock.now() } : before;
    });
    this.options.logger.info({ workerId }, 'worker stopped');
  }

  private async require(workerId: string): Promise<LiveWorker> {
    const worker = await this.options.directory.find(workerId);
    if (worker === null) throw workerNotFound(workerId);
    return worker;
  }

  private async write(
    id: string,
    change: (before: WorkerRecord | null) => Omit<WorkerRecord, 'revision'>,
  ): Promise<WorkerRecord> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const before = await this.options.store.getWorker({ id });
      const worker = { ...change(before), revision: (before?.revision ?? 0) + 1 };
      if (await this.options.store.putWorker({ worker })) {
        this.options.directory.noteRecord(worker);
        return worker;
      }
    }
    throw new MaridError('UNAVAILABLE', `Worker ${id} is changed by too many at once; try again.`);
  }
}

/**
 * Whether a registration was overtaken by that of a later process: the call of a worker that has died may wait in a connection, or in a control plane that hangs. Sessions sort by
 * the time of their making; only for as long as a call can be late, because a machine's clock may have been set back.
 */
function isLate(session: string, current: WorkerRecord, now: number): boolean {
  return session < current.session && now - current.registeredAt < LATE_MS;
}

function lateRegistration(id: string): MaridError {
  const message = `A later process of worker ${id} has registered a moment ago.`;
  return new MaridError('STALE_SESSION', message, { facts: { worker_id: id } });
}

function workerNotFound(id: string): MaridError {
  return new MaridError('NOT_FOUND', `There is no worker ${id}.`, { facts: { worker_id: id } });
}
