/** The fleet as this control plane sees it: records of the store, and what was heard since. */
import { isInService } from '../../../core/fleet/silence.js';
import type { WorkerBeat, WorkerRecord } from '../../../core/fleet/worker-record.js';
import type { WorkerFacts } from '../../../core/job/explain.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import type { StoredRecord } from '../../../core/ports/topic-log.js';
import { decodeBeat } from '../../../proto/codec/index.js';
import type { OfferTarget } from '../dispatch/offerer.js';
import { PollLoop } from '../../../core/loops/poll-loop.js';

/** How often the records of other control planes are read. */
const REFRESH_MS = 2000;
/** The same where there are no others: for the records that were removed. */
const REFRESH_ALONE_MS = 30_000;

/** What a worker does. `SILENT`: not heard of for longer than its lease. `EXPIRED`: for so long that its session was ended. */
export type WorkerState = 'ACTIVE' | 'DRAINING' | 'SILENT' | 'EXPIRED' | 'STOPPED';

/** A worker with what was heard of it. */
export interface LiveWorker {
  readonly record: WorkerRecord;
  /** When it was last heard of, milliseconds since the epoch. */
  readonly seenAt: number;
  /** By its last beat of the current session; the whole budget before the first. */
  readonly memoryFreeMb: number;
  readonly runningJobs: number;
  readonly partitions: readonly number[];
}

/** What a worker says of itself with a renewal. */
export type WorkerNews = Pick<WorkerBeat, 'workerId' | 'memoryFreeMb' | 'held'> & {
  /** Partitions that it reads; `null`: as before. Default: `null`. */
  readonly partitions?: readonly number[] | null;
};

/** Options of `WorkerDirectory`. */
export interface WorkerDirectoryOptions {
  readonly store: FleetStore;
  /** Whether all records are written by this process, so that what it knows is never old. Default: false. */
  readonly alone?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * States: new; following (`start`: the records are loaded, and read again every 2 s; beats come by `takeBeat`); stopped (`stop`). What it knows is for placement and
 * display: whoever decides something about a job asks for news of the store that are recent enough (`recent`).
 */
export class WorkerDirectory implements Service {
  private readonly workers = new Map<string, LiveWorker>();
  /** When records were read or written, on the monotonic clock. */
  private readonly readAt = new Map<string, number>();
  /** Ids by pool and id; `null`: to be sorted anew. */
  private order: readonly string[] | null = null;
  private readonly refreshing: PollLoop;

  constructor(private readonly options: WorkerDirectoryOptions) {
    const { alone = false, clock, logger } = options;
    this.refreshing = new PollLoop({
      ...{ name: 'worker-directory', intervalMs: () => (alone ? REFRESH_ALONE_MS : REFRESH_MS), clock, logger },
      run: () => this.refresh(),
    });
  }

  async start(): Promise<void> {
    await this.refresh();
    await this.refreshing.start();
  }

  async stop(): Promise<void> {
    await this.refreshing.stop();
  }

  /** A worker, as known here. */
  get(id: string): LiveWorker | null {
    return this.workers.get(id) ?? null;
  }

  /** A worker, read from the store when it is not known here. */
  async find(id: string): Promise<LiveWorker | null> {
    return this.get(id) ?? this.reload(id);
  }

  /** A worker as it was at most `maxAgeMs` ago, whichever control plane wrote its record. */
  async recent(id: string, maxAgeMs: number): Promise<LiveWorker | null> {
    if (this.options.alone === true && this.workers.has(id)) return this.get(id);
    const readAt = this.readAt.get(id);
    const fresh = readAt !== undefined && this.options.clock.monotonic() - readAt <= maxAgeMs;
    return (fresh ? this.get(id) : null) ?? this.reload(id);
  }

  /** A worker, read from the store anew. */
  async reload(id: string): Promise<LiveWorker | null> {
    const asked = this.options.clock.monotonic();
    const record = await this.options.store.getWorker({ id });
    this.readAt.set(id, asked);
    if (record !== null) this.noteRecord(record);
    return this.get(id);
  }

  /** All known workers, by pool and id. */
  list(): readonly LiveWorker[] {
    this.order ??= [...this.workers.values()]
      .sort((a, b) => compare(a.record.pool, b.record.pool) || compare(a.record.id, b.record.id))
      .map(({ record }) => record.id);
    return this.order.flatMap((id) => this.workers.get(id) ?? []);
  }

  /** What a worker does now. */
  stateOf({ record, seenAt }: LiveWorker): WorkerState {
    if (!isInService(record)) return record.stopped ? 'STOPPED' : 'EXPIRED';
    if (this.options.clock.now() - seenAt > record.leaseTtlMs) return 'SILENT';
    return record.draining ? 'DRAINING' : 'ACTIVE';
  }

  /** Workers of a pool that take jobs now; not those that are reserved for one, which ask for it themselves. */
  targets(pool: string): readonly OfferTarget[] {
    return [...this.workers.values()].filter(
      (worker) =>
        worker.record.pool === pool && worker.record.reservation === null && this.stateOf(worker) === 'ACTIVE',
    );
  }

  /** Largest budget among the pool's workers that live, or the first that is found to be `enoughMb`; `null` when none is known. */
  largestBudgetMb(pool: string, enoughMb = Infinity): number | null {
    let largest: number | null = null;
    for (const worker of this.workers.values()) {
      const { record } = worker;
      if (record.pool !== pool || record.memoryBudgetMb <= (largest ?? -1)) continue;
      if (!['ACTIVE', 'DRAINING'].includes(this.stateOf(worker))) continue;
      largest = record.memoryBudgetMb;
      if (largest >= enoughMb) break;
    }
    return largest;
  }

  /** What an explanation takes into account. */
  facts(graceMs: number): readonly WorkerFacts[] {
    return this.list().map((worker) => {
      const state = this.stateOf(worker);
      const { seenAt, memoryFreeMb } = worker;
      const { id, pool, memoryBudgetMb, draining, reservation, leaseTtlMs, released } = worker.record;
      const alive = state === 'ACTIVE' || state === 'DRAINING';
      const silence = { silent: state === 'SILENT', seenAt, givenUpAt: seenAt + leaseTtlMs + graceMs, released };
      return { id, pool, memoryBudgetMb, memoryFreeMb, alive, draining, reservation, ...silence };
    });
  }

  /** Takes over a record that was written or read. */
  noteRecord(record: WorkerRecord): void {
    const known = this.workers.get(record.id);
    if (known !== undefined && known.record.revision > record.revision) return;
    const seenAt = Math.max(known?.seenAt ?? 0, record.seenAt);
    if (known?.record.pool !== record.pool) this.order = null;
    const same = known?.record.session === record.session;
    const fresh = { memoryFreeMb: record.memoryBudgetMb, runningJobs: 0, partitions: [] };
    this.workers.set(record.id, { ...(same ? known : fresh), record, seenAt });
  }

  /** Notes a renewal that came by call. */
  heard({ workerId, memoryFreeMb, held, partitions }: WorkerNews): void {
    const known = this.workers.get(workerId);
    if (known === undefined) return;
    const news = { memoryFreeMb, runningJobs: held.length, partitions: partitions ?? known.partitions };
    this.workers.set(workerId, { ...known, ...news, seenAt: this.options.clock.now() });
  }

  /** Takes a record of the topic of heartbeats. */
  takeBeat(record: StoredRecord): void {
    const beat = decodeBeat(record.value);
    if (beat !== null) this.heardBeat(beat, record.appendedAt);
  }

  private heardBeat(beat: WorkerBeat, at: number): void {
    const known = this.workers.get(beat.workerId);
    if (known?.record.session !== beat.session) return; // the next refresh finds its record, the next beat its state
    const { memoryFreeMb, partitions, held } = beat;
    const seenAt = Math.max(known.seenAt, at);
    this.workers.set(beat.workerId, { ...known, memoryFreeMb, partitions, runningJobs: held.length, seenAt });
  }

  private async refresh(): Promise<void> {
    const asked = this.options.clock.monotonic();
    const records = await this.options.store.listWorkers();
    const listed = new Set(records.map((record) => record.id));
    for (const [id, { record }] of this.workers) {
      const young = this.options.clock.now() - record.registeredAt < REFRESH_MS;
      if (listed.has(id) || young) continue;
      this.workers.delete(id);
      this.order = null;
      this.readAt.delete(id);
    }
    for (const record of records) {
      this.noteRecord(record);
      this.readAt.set(record.id, asked);
    }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
