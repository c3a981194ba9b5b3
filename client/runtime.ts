/** What the client's mechanisms share: time, chance, patience. */
import type { Clock } from '../core/ports/clock.js';
import type { Random } from '../core/ports/random.js';
import type { MaridError } from '../core/errors/marid-error.js';

/** Delay after the first failure, in milliseconds; it doubles with each further one. */
const FIRST_DELAY_MS = 100;
/** Longest delay, in milliseconds. */
const LONGEST_DELAY_MS = 5_000;

/** Ports and limits of a client. */
export interface ClientRuntime {
  readonly clock: Clock;
  readonly random: Random;
  /** How long a call is tried, and how long a stream is tried before the server has answered once, in milliseconds. */
  readonly timeoutMs: number;
  /** How long a stream that has worked keeps trying to come back, in milliseconds. */
  readonly outageMs: number;
  /** Told of each failure that is tried again. */
  readonly onRetry: (error: MaridError) => void;
}

/** Exponential delays with jitter: each between half and the whole of its step, so that clients do not come back in step. */
export class BackOff {
  private failures = 0;

  constructor(private readonly random: Random) {}

  /** Milliseconds to wait now; the next answer is longer. */
  nextMs(): number {
    const step = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 16);
    return step * (0.5 + this.random.next() / 2);
  }

  /** Starts again with the shortest delay. */
  reset(): void {
    this.failures = 0;
  }
}
