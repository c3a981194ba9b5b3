/** Workers of which nothing was heard for longer than their lease, as this control plane sees them. */
import { findBrakes, type ExpiryBrake, type SilentWorker } from '../../../core/fleet/expiry-brake.js';
import { isInService, silenceMs } from '../../../core/fleet/silence.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Heartbeats } from './heartbeats.js';
import type { LiveWorker, WorkerDirectory } from './worker-directory.js';

/** Options of `SilentWorkers`. */
export interface SilentWorkersOptions {
  readonly directory: WorkerDirectory;
  readonly heartbeats: Heartbeats;
  readonly jobs: JobStore;
  readonly clock: Clock;
}

/** Reads the store for silent workers only, of which there are few as a rule. */
export class SilentWorkers {
  constructor(private readonly options: SilentWorkersOptions) {}

  /** The silent workers with the number of attempts that each owns. */
  async find(): Promise<readonly SilentWorker[]> {
    const { directory, jobs, clock } = this.options;
    const now = clock.now();
    const silent = directory
      .list()
      .map((worker) => ({ record: worker.record, silentMs: this.silenceOf(worker, now) }))
      .filter(({ record, silentMs }) => isInService(record) && silentMs > record.leaseTtlMs);
    return Promise.all(
      silent.map(async (worker) => {
        const owned = await jobs.ownedBy({ workerId: worker.record.id });
        return { ...worker, attempts: owned.length };
      }),
    );
  }

  /** The brakes that hold now. */
  async brakes(): Promise<readonly ExpiryBrake[]> {
    const silent = await this.find();
    const workers = this.options.directory.list().map(({ record }) => record);
    return findBrakes({ workers, silent, now: this.options.clock.now() });
  }

  private silenceOf({ record, seenAt }: LiveWorker, now: number): number {
    const beats = this.options.heartbeats.silenceMs(record.id, record.session);
    return silenceMs({ record, seenAt, beatSilenceMs: beats }, now);
  }
}
