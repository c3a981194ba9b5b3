/** Tells parts of this process that a job has changed. */
import type { Clock } from '../../../core/ports/clock.js';
import { untilAborted } from '../until-aborted.js';

/** Who waits for transitions of a job. */
interface Watched {
  readonly listeners: Set<(sequence: number) => void>;
  /** The last transition that they were told of. */
  sequence: number;
}

/**
 * Signals of committed transitions, by job: of this process as they are committed, of other control planes as they are published. Each transition is
 * signalled once, whoever tells of it first.
 */
export class JobSignals {
  private readonly byJob = new Map<string, Watched>();

  /** Calls everyone who waits for the job, if this transition is news. */
  changed(jobId: string, sequence: number): void {
    const watched = this.byJob.get(jobId);
    if (watched === undefined || watched.sequence >= sequence) return;
    watched.sequence = sequence;
    for (const listener of watched.listeners) listener(sequence);
  }

  /** Begins to listen to one job now, to wait for its changes later. The caller closes it. */
  waiter(jobId: string): JobChangeWaiter {
    return new JobChangeWaiter((wake) => this.listen(jobId, wake));
  }

  private listen(jobId: string, listener: (sequence: number) => void): () => void {
    const watched = this.byJob.get(jobId) ?? { listeners: new Set(), sequence: 0 };
    watched.listeners.add(listener);
    this.byJob.set(jobId, watched);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size === 0 && this.byJob.get(jobId) === watched) this.byJob.delete(jobId);
    };
  }
}

/**
 * Waits for changes without missing one: a change between two waits ends the next wait at once. States: listening (from construction),
 * closed (`close`).
 */
export class JobChangeWaiter {
  private changed: number | null = null;
  private wake: (() => void) | null = null;
  private readonly unsubscribe: () => void;

  constructor(subscribe: (wake: (sequence: number) => void) => () => void) {
    this.unsubscribe = subscribe((sequence) => {
      this.changed = sequence;
      this.wake?.();
    });
  }

  /** Resolves with the sequence of the next change, or with `null` after `waitMs` or when `signal` aborts. */
  async next(options: {
    readonly clock: Clock;
    readonly waitMs: number;
    readonly signal: AbortSignal;
  }): Promise<number | null> {
    if (this.changed === null) {
      const woken = new AbortController();
      this.wake = () => {
        woken.abort();
      };
      const { clock, waitMs, signal } = options;
      await Promise.race([clock.sleep(waitMs, woken.signal), untilAborted(woken.signal, signal)]);
      woken.abort();
      this.wake = null;
    }
    const { changed } = this;
    this.changed = null;
    return changed;
  }

  /** Stops listening; idempotent. */
  close(): void {
    this.unsubscribe();
  }
}
