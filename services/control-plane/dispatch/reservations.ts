/** Reservations as they stand in the workers' records. */
import { awaitsRoom } from '../../../core/dispatch/reserve.js';
import type { Reservation, WorkerRecord } from '../../../core/fleet/worker-record.js';
import type { Job } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { WorkerDirectory } from '../fleet/worker-directory.js';

/** Options of `Reservations`. */
export interface ReservationsOptions {
  readonly store: FleetStore;
  readonly directory: WorkerDirectory;
  readonly jobs: JobRepository;
  readonly clock: Clock;
}

/** Every change is a compare-and-set on the worker's record; a lost race is left to the next look. */
export class Reservations {
  constructor(private readonly options: ReservationsOptions) {}

  /**
   * The job that a worker is reserved for, `null` when there is none. A reservation whose job waits no more is given up here, because with
   * nobody leading nobody else does it.
   */
  async jobOf(worker: WorkerRecord): Promise<Job | null> {
    if (worker.reservation === null) return null;
    const job = await this.options.jobs.get(worker.reservation.jobId);
    if (job !== null && awaitsRoom(job, this.options.clock.now())) return job;
    await this.put(worker, null);
    return null;
  }

  /** Holds a worker for a job, or no longer. False: somebody else has changed its record. */
  async put(worker: WorkerRecord, reservation: Reservation | null): Promise<boolean> {
    const record = { ...worker, revision: worker.revision + 1, reservation };
    const written = await this.options.store.putWorker({ worker: record });
    if (written) this.options.directory.noteRecord(record);
    return written;
  }
}
