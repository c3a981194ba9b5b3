/** Workers register, sync, drain and stop: the records of the fleet. */
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import { isInService, RENEWAL_WRITTEN_PART } from '../../../core/fleet/silence.js';
import type { WorkerRecord } from '../../../core/fleet/worker-record.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import { within } from '../../../core/time/within.js';
import type { AttemptReconciler, Reconciliation, WorkerAccount } from './attempt-reconciler.js';
import type { SessionExpiry } from './session-expiry.js';
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
  readonly expiry: SessionExpiry;
  /** How long a worker keeps its jobs after its last renewal, milliseconds. */
  readonly leaseTtlMs: number;
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
  /** Partitions of its pool's topic that it reads; `null`: its beats tell. Default: `null`. */
  readonly partitions?: readonly number[] | null;
  /** It ends. */
  readonly stopping: boolean;
}

/** What a worker is told. */
export interface SessionAnswer extends Reconciliation {
  readonly sessionCurrent: boolean;
  readonly draining: boolean;
}

const NOT_CURRENT: SessionAnswer = { sessionCurrent: false, draining: false, lost: [], kills: [], repeats: [] };

/** What becomes of a record; `null`: nothing. */
type RecordChange = Omit<WorkerRecord, 'revision'> | null;

/**
 * Sessions of workers: the record names the one current session of each worker, and every change of it is a compare-and-set. A renewal is acknowledged only when the record says so, up to
 * `RENEWAL_WRITTEN_PART` of the lease: whoever ends a silent session reads it there, and one of the two compare-and-sets fails.
 */
export class WorkerSessions {
  constructor(private readonly options: WorkerSessionsOptions) {}

  /** Opens a session; it ends the one before. `STALE_SESSION` when it comes too late: a later one has been opened a moment ago. */
  async register(registration: WorkerRegistration): Promise<SessionAnswer> {
    const { held, workerId, session, ...facts } = registration;
    const { leaseTtlMs, clock, expiry } = this.options;
    const record = await this.write(workerId, async (before) => {
      const now = clock.now();
      if (before !== null && isLate(session, before, now)) throw lateRegistration(workerId);
      if (before !== null && before.expired !== null) await expiry.settle(before);
      const open = { registeredAt: now, seenAt: now, stopped: false, leaseTtlMs, expired: null, released: false };
      const kept = { draining: before?.draining ?? false, reservation: before?.reservation ?? null };
      return { id: workerId, session, ...facts, ...open, ...kept };
    });
    if (record === null) throw workerNotFound(workerId);
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
      return { sessionCurrent: true, draining: worker.record.draining, lost: [], kills: [], repeats: [] };
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

  /** Lets sessions end although many workers of their pool are silent; those of them that were not heard of meanwhile. */
  async release(records: readonly WorkerRecord[]): Promise<readonly WorkerRecord[]> {
    const released = await Promise.all(
      records.map(({ id, session, seenAt }) =>
        this.write(id, (before) => {
          const same = before?.session === session && before.seenAt === seenAt && isInService(before);
          return same ? { ...before, released: true } : null;
        }),
      ),
    );
    return released.filter((record) => record !== null);
  }

  /** The worker if the session is its current one, else `null`. */
  async current(workerId: string, session: string): Promise<LiveWorker | null> {
    const { directory } = this.options;
    const known = await directory.recent(workerId, RECENT_MS);
    const worker = isCurrent(known?.record, session) ? known : await directory.reload(workerId);
    return isCurrent(worker?.record, session) ? worker : null;
  }

  /** The worker with its renewal written down; `null` when the session is over. */
  private async renewed({ workerId, session }: WorkerAccount): Promise<LiveWorker | null> {
    const { clock, directory } = this.options;
    const worker = await this.current(workerId, session);
    if (worker === null) return null;
    const { seenAt, leaseTtlMs } = worker.record;
    if (clock.now() - seenAt <= leaseTtlMs * RENEWAL_WRITTEN_PART) return worker;
    const record = await this.write(workerId, (before) =>
      isCurrent(before, session) ? { ...before, seenAt: clock.now(), released: false } : null,
    );
    return record === null ? null : directory.get(workerId);
  }

  private async syncWithStore({ stopping, ...account }: WorkerSync): Promise<SessionAnswer> {
    const worker = await this.renewed(account);
    if (worker === null) return NOT_CURRENT;
    this.options.directory.heard(account);
    if (stopping && !worker.record.stopped) await this.stop(account);
    const told = await this.options.reconciler.reconcile({ ...account, stopping });
    return { ...told, sessionCurrent: true, draining: worker.record.draining };
  }

  private async stop({ workerId, session }: WorkerAccount): Promise<void> {
    await this.write(workerId, (before) =>
      isCurrent(before, session) ? { ...before, stopped: true, seenAt: this.options.clock.now() } : null,
    );
    this.options.logger.info({ workerId }, 'worker stopped');
  }

  private async require(workerId: string): Promise<LiveWorker> {
    const worker = await this.options.directory.find(workerId);
    if (worker === null) throw workerNotFound(workerId);
    return worker;
  }

  private async write(
    id: string,
    change: (before: WorkerRecord | null) => RecordChange | Promise<RecordChange>,
  ): Promise<WorkerRecord | null> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const before = await this.options.store.getWorker({ id });
      const changed = await change(before);
      if (changed === null) return null;
      const worker = { ...changed, revision: (before?.revision ?? 0) + 1 };
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

function isCurrent(record: WorkerRecord | null | undefined, session: string): record is WorkerRecord {
  return record?.session === session && record.expired === null;
}
