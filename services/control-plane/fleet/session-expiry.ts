/** Ends sessions of workers that are gone, and gives their attempts up. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { SilentWorker } from '../../../core/fleet/expiry-brake.js';
import type { WorkerRecord } from '../../../core/fleet/worker-record.js';
import { durationText } from '../../../core/job/duration-text.js';
import type { Job } from '../../../core/job/job.js';
import type { RetryPolicy } from '../../../core/job/retry.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { JobRepository } from '../jobs/job-repository.js';
import { loseOwned } from './lose-owned.js';
import type { WorkerDirectory } from './worker-directory.js';

/** How long a worker that registers again waits until its old attempts are decided, milliseconds; less than its call may take. */
const SETTLE_MS = 3000;

/** Options of `SessionExpiry`. */
export interface SessionExpiryOptions {
  readonly fleet: FleetStore;
  readonly store: JobStore;
  readonly jobs: JobRepository;
  readonly directory: WorkerDirectory;
  readonly retry: RetryPolicy;
  /** Resolves when the events that workers have sent so far are applied; false when that takes longer than the time given. */
  readonly caughtUp: (timeoutMs: number) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * First the session ends, by a compare-and-set on the worker's record as it was judged, which a renewal written meanwhile makes fail; then each attempt is lost by a compare-and-set of its own. In
 * between, a worker that comes back cannot renew, so its launcher starts nothing; it may register again only when its old attempts are decided.
 */
export class SessionExpiry {
  constructor(private readonly options: SessionExpiryOptions) {}

  /** Ends the session of a worker and loses its attempts; how many, or `null` when the worker was heard of meanwhile. Its events must be applied before. */
  async expire({ record, silentMs, attempts }: SilentWorker): Promise<number | null> {
    const { fleet, directory, clock, logger } = this.options;
    const { id: workerId, session, revision } = record;
    const worker = { ...record, revision: revision + 1, expired: { at: clock.now(), attempts } };
    if (!(await fleet.putWorker({ worker }))) return null;
    directory.noteRecord(worker);
    logger.warn({ workerId, session, silentMs, attempts }, 'the lease of a silent worker has expired');
    return this.loseAttempts(worker);
  }

  /** Loses what a worker owns whose session is over; how many. */
  async loseAttempts({ id, host, stopped, seenAt }: WorkerRecord): Promise<number> {
    const now = this.options.clock.now();
    const why = stopped ? 'has stopped' : `was not heard of for ${durationText(now - seenAt)}`;
    const message = `Worker ${id} on ${host} ${why}, and its lease has expired.`;
    const owned = await this.options.store.ownedBy({ workerId: id });
    const lost = await Promise.all(owned.map((job) => this.lose(job, message)));
    return lost.filter(Boolean).length;
  }

  /** Decides what an expired worker owned before it may have a session again. Rejects with `UNAVAILABLE` when that cannot be done soon. */
  async settle(record: WorkerRecord): Promise<void> {
    if (!(await this.options.caughtUp(SETTLE_MS))) {
      const text = `The attempts that worker ${record.id} owned are not decided yet; try again.`;
      throw new MaridError('UNAVAILABLE', text, { facts: { worker_id: record.id } });
    }
    await this.loseAttempts(record);
  }

  private async lose(job: Job, message: string): Promise<boolean> {
    const { jobs, retry, clock, logger } = this.options;
    const lost = await loseOwned(jobs, job, { reason: 'LEASE_EXPIRED', message, now: clock.now(), retry });
    if (lost) logger.warn({ jobId: job.id, attempt: job.attempt }, 'an attempt was given up with its worker');
    return lost;
  }
}
