/** How long to wait before the next try. */
import type { Random } from '../../core/ports/random.js';

/** Options of `backoffMs`. */
export interface BackoffOptions {
  /** Tries that have failed, from 1. */
  readonly failures: number;
  /** Wait after the first failure, in milliseconds. */
  readonly firstMs: number;
  /** Longest wait, in milliseconds. */
  readonly mostMs: number;
  readonly random: Random;
}

/** Doubles with each failure, with a random quarter taken off so that workers do not come back in step. */
export function backoffMs(options: BackoffOptions): number {
  const full = Math.min(options.mostMs, options.firstMs * 2 ** Math.min(options.failures - 1, 20));
  return Math.round(full * (1 - options.random.next() / 4));
}
