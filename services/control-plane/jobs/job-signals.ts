/** Tells parts of this process that a job has changed. */
import type { Job } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';

/** Gets the job as just committed. Must not throw or block. */
export type JobListener = (job: Job) => void;

/** In-process signals of committed changes, by job. Signals of one job come in the order of its commits. */
export class JobSignals {
  private readonly byJob = new Map<string, Set<JobListener>>();
  private readonly all = new Set<JobListener>();

  /** Calls everyone who listens for the job. */
  committed(job: Job): void {
    for (const listener of this.all) listener(job);
    for (const listener of this.byJob.get(job.id) ?? []) listener(job);
  }

  /** Listens to one job; returns a function that ends it. */
  onJob(jobId: string, listener: JobListener): () => void {
    const listeners = this.byJob.get(jobId) ?? new Set();
    listeners.add(listener);
    this.byJob.set(jobId, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.byJob.get(jobId) === listeners) this.byJob.delete(jobId);
    };
  }

  /** Listens to all jobs; returns a function that ends it. */
  onAny(listener: JobListener): () => void {
    this.all.add(listener);
    return () => {
      this.all.delete(listener);
    };
  }

  /** Begins to listen to one job now, to wait for its changes later. The caller closes it. */
  waiter(jobId: string): JobChangeWaiter {
    return new JobChangeWaiter((wake) => this.onJob(jobId, wake));
  }
}

/**
 * Waits for changes without missing one: a change between two waits ends the next wait at once. States: listening (from construction),
 * closed (`close`).
 */
export class JobChangeWaiter {
  private changed = false;
  private wake: (() => void) | null = null;
  private readonly unsubscribe: () => void;

  constructor(subscribe: (wake: () => void) => () => void) {
    this.unsubscribe = subscribe(() => {
      this.changed = true;
      this.wake?.();
    });
  }

  /** Resolves at the next change, after `waitMs`, or when `signal` aborts. */
  async next(options: { readonly clock: Clock; readonly waitMs: number; readonly signal: AbortSignal }): Promise<void> {
    if (!this.changed) {
      const woken = new AbortController();
      this.wake = () => {
        woken.abort();
      };
      await options.clock.sleep(options.waitMs, AbortSignal.any([woken.signal, options.signal]));
      this.wake = null;
    }
    this.changed = false;
  }

  /** Stops listening; idempotent. */
  close(): void {
    this.unsubscribe();
  }
}
