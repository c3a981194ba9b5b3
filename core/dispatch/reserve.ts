/** Decides which workers are held for jobs that smaller ones have passed for too long. */
import type { Reservation } from '../fleet/worker-record.js';
import type { Job } from '../job/job.js';
import { restsUntil } from '../job/retry.js';

/** Of the active workers of a pool at most this share is reserved, so that big jobs do not stop small ones in turn; one always may be. */
const MOST_RESERVED = 0.5;

/** When a job has waited too long. */
export interface ReservePolicy {
  /** Since it was last ACCEPTED, milliseconds. */
  readonly afterMs: number;
  /** Times that it was offered again in vain. */
  readonly afterOffers: number;
}

/** A worker of the pool as it is known now. */
export interface ReservableWorker {
  readonly id: string;
  readonly memoryBudgetMb: number;
  readonly memoryFreeMb: number;
  /** Lives, and does not drain. */
  readonly active: boolean;
  readonly reservation: Reservation | null;
}

/** What is to change. */
export interface ReservationPlan {
  /** Workers that are held in vain. */
  readonly release: readonly string[];
  readonly grant: readonly { readonly workerId: string; readonly reservation: Reservation }[];
}

/** Options of `planReservations`. */
export interface PlanReservationsOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly policy: ReservePolicy;
  /** Workers of one pool. */
  readonly workers: readonly ReservableWorker[];
  /** Jobs of the pool that wait, those first that come first; with every one that has a reservation. */
  readonly waiting: readonly Job[];
}

/** Whether a worker may be held for the job: it waits, and does not rest before a retry. */
export function awaitsRoom(job: Job, now: number): boolean {
  return job.status === 'ACCEPTED' && restsUntil(job, now) === null;
}

/**
 * Gives each starved job, in order, the free-most worker that is big enough and not yet held. A reservation ends when its job does not wait any more, when its worker
 * cannot take the job (silent, draining, stopped, smaller than before), and when another worker is held for the same job.
 */
export function planReservations(o: PlanReservationsOptions): ReservationPlan {
  const jobs = new Map(o.waiting.filter((job) => awaitsRoom(job, o.now)).map((job) => [job.id, job]));
  const held = new Map<string, ReservableWorker>();
  const release: string[] = [];
  for (const worker of o.workers) {
    const { reservation } = worker;
    if (reservation === null) continue;
    const job = jobs.get(reservation.jobId);
    if (job !== undefined && canTake(worker, job) && !held.has(job.id)) held.set(job.id, worker);
    else release.push(worker.id);
  }
  const starved = [...jobs.values()].filter((job) => !held.has(job.id) && isStarved(job, o));
  return { release, grant: grant(starved, held.size, o) };
}

function grant(starved: readonly Job[], held: number, o: PlanReservationsOptions): ReservationPlan['grant'] {
  const active = o.workers.filter((worker) => worker.active).length;
  let left = Math.max(1, Math.floor(active * MOST_RESERVED)) - held;
  const free = new Set(o.workers.filter((worker) => worker.reservation === null));
  return starved.flatMap((job) => {
    const chosen = left > 0 ? roomiest([...free].filter((worker) => canTake(worker, job))) : null;
    if (chosen === null) return [];
    left -= 1;
    free.delete(chosen);
    return [{ workerId: chosen.id, reservation: { jobId: job.id, memoryMb: job.memoryMb, since: o.now } }];
  });
}

function isStarved(job: Job, { now, policy }: PlanReservationsOptions): boolean {
  const since = job.history.at(-1)?.at ?? job.createdAt;
  return now - since >= policy.afterMs || job.offers >= policy.afterOffers;
}

function canTake(worker: ReservableWorker, job: Job): boolean {
  return worker.active && worker.memoryBudgetMb >= job.memoryMb;
}

function roomiest(workers: readonly ReservableWorker[]): ReservableWorker | null {
  return workers.reduce<ReservableWorker | null>(
    (best, worker) => (best === null || worker.memoryFreeMb > best.memoryFreeMb ? worker : best),
    null,
  );
}
