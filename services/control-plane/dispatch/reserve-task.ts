/** Keeps jobs from starving. */
import { planReservations, type ReservableWorker, type ReservePolicy } from '../../../core/dispatch/reserve.js';
import type { Job } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { LiveWorker, WorkerDirectory } from '../fleet/worker-directory.js';
import type { LeaderTask } from '../leader/leader-task.js';
import type { Reservations } from './reservations.js';

/** Waiting jobs of a pool that are looked at, the oldest: they are those that starve. */
const OLDEST = 50;

/** Options of `ReserveTask`. */
export interface ReserveTaskOptions {
  readonly store: JobStore;
  readonly directory: WorkerDirectory;
  readonly reservations: Reservations;
  readonly policy: ReservePolicy;
  readonly clock: Clock;
}

/** Leader task `reserve`: holds workers for jobs that have waited too long, and lets go those that are held in vain. */
export class ReserveTask implements LeaderTask {
  readonly name = 'reserve';
  readonly schedule = { everyMs: 1000 };

  constructor(private readonly options: ReserveTaskOptions) {}

  async run(signal: AbortSignal): Promise<string> {
    const workers = this.options.directory.list();
    const pools = [...new Set(workers.map(({ record }) => record.pool))];
    const counts = { granted: 0, released: 0 };
    for (const pool of pools) {
      if (!signal.aborted)
        await this.settle(
          pool,
          workers.filter(({ record }) => record.pool === pool),
          counts,
        );
    }
    return `${String(counts.granted)} workers reserved, ${String(counts.released)} let go`;
  }

  private async settle(
    pool: string,
    workers: readonly LiveWorker[],
    counts: { granted: number; released: number },
  ): Promise<void> {
    const { reservations, policy, clock } = this.options;
    const known = new Map(workers.map((worker) => [worker.record.id, worker.record]));
    const waiting = await this.waiting(pool, workers);
    const plan = planReservations({
      ...{ now: clock.now(), policy, waiting },
      workers: workers.map((worker) => this.viewOf(worker)),
    });
    for (const id of plan.release) {
      const record = known.get(id);
      if (record !== undefined && (await reservations.put(record, null))) counts.released += 1;
    }
    for (const { workerId, reservation } of plan.grant) {
      const record = known.get(workerId);
      if (record !== undefined && (await reservations.put(record, reservation))) counts.granted += 1;
    }
  }

  /** The oldest that some worker can hold, behind those that have a reservation. */
  private async waiting(pool: string, workers: readonly LiveWorker[]): Promise<readonly Job[]> {
    const { store, directory } = this.options;
    const reserved = workers.flatMap(({ record }) => (record.reservation === null ? [] : [record.reservation.jobId]));
    const memoryMb = directory.largestBudgetMb(pool);
    const oldest = memoryMb === null ? [] : await store.waiting({ pool, memoryMb, limit: OLDEST });
    const ids = new Set([...reserved, ...oldest.map(({ id }) => id)]);
    return (await store.getMany({ ids: [...ids] })).filter((job) => job !== null);
  }

  private viewOf(worker: LiveWorker): ReservableWorker {
    const { id, memoryBudgetMb, reservation } = worker.record;
    const active = this.options.directory.stateOf(worker) === 'ACTIVE';
    return { id, memoryBudgetMb, memoryFreeMb: worker.memoryFreeMb, active, reservation };
  }
}
