/** Passes the worker's lease on to its launcher, which ends the jobs when it runs out. */
import { isMaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Launcher } from '../../../core/ports/launcher.js';
import type { Logger } from '../../../core/ports/logger.js';

/** Parts of the lease's length at which the launcher terminates and kills: well before others may run the jobs again. */
const TERMINATE_PART = 0.7;
const KILL_PART = 0.8;

/** A moment on both clocks. */
export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

/** Options of `LeaseKeeper`. */
export interface LeaseKeeperOptions {
  readonly launcher: Pick<Launcher, 'renew'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  /** Whether another process of this worker has taken the launcher over: then this one has nothing to keep. */
  superseded = false;
  #renewal: { readonly sent: Moment; readonly ttlMs: number } | null = null;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** Now: taken before a renewal is sent. */
  mark(): Moment {
    const { clock } = this.#options;
    return { wall: clock.now(), monotonic: clock.monotonic() };
  }

  /** The control plane acknowledged a call that was sent then. `ttlMs` is the length of the lease; `null`: as before. */
  async renewed(sent: Moment, ttlMs: number | null): Promise<void> {
    const length = ttlMs ?? this.#renewal?.ttlMs;
    if (length === undefined) return;
    const later = this.#renewal !== null && this.#renewal.sent.monotonic > sent.monotonic;
    this.#renewal = { sent: later ? (this.#renewal?.sent ?? sent) : sent, ttlMs: length };
    await this.tell();
  }

  /**
   * The log acknowledged a beat that was sent then. It renews only a lease that has not run out: whoever ends silent sessions has read the beat that came before, and this one comes within the
   * same lease; after a longer silence the session may be over, which only the control plane knows.
   */
  async beaten(sent: Moment): Promise<void> {
    if (this.#renewal !== null && this.covers(this.#renewal.sent)) await this.renewed(sent, null);
  }

  /** Whether what was given in answer to a call that was sent then is the worker's still: a worker that was stopped finds answers of long ago. */
  covers(sent: Moment): boolean {
    return this.#renewal !== null && this.#elapsedMs(sent) < this.#renewal.ttlMs * TERMINATE_PART;
  }

  /**
   * Tells the launcher the deadlines of the last renewal, also those that have passed (as 0): so a launcher that has just been started learns them, and a worker that was stopped for long whether another
   * has the launcher now.
   */
  async tell(): Promise<void> {
    const { launcher, logger } = this.#options;
    if (this.#renewal === null) return;
    const { sent, ttlMs } = this.#renewal;
    const leftMs = (part: number): number => Math.max(0, Math.floor(ttlMs * part - this.#elapsedMs(sent)));
    const [terminateInMs, killInMs] = [leftMs(TERMINATE_PART), leftMs(KILL_PART)];
    await launcher.renew({ terminateInMs, killInMs }).catch((error: unknown) => {
      this.superseded ||= isMaridError(error) && error.code === 'STALE_SESSION';
      logger.warn({ error }, 'the launcher could not be told of the renewed lease');
    });
  }

  /** By the clock that has gone further: one stands still while the machine sleeps, the other can be set back. */
  #elapsedMs(since: Moment): number {
    const { clock } = this.#options;
    return Math.max(clock.now() - since.wall, clock.monotonic() - since.monotonic);
  }
}
