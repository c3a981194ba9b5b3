/** Timers for any duration: the platform's end at 2^31 ms and fire at once beyond. */
import type { Clock } from '../../../core/ports/clock.js';

/** Longest single timer, in milliseconds: 12 days. */
const LONGEST_MS = 2 ** 30;

/** Calls `callback` once after `ms`, however long; returns a function that cancels. */
export function armLong(clock: Clock, ms: number, callback: () => void): () => void {
  let cancel: () => void;
  const arm = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, LONGEST_MS);
    cancel = clock.after(stepMs, () => {
      if (leftMs > stepMs) arm(leftMs - stepMs);
      else callback();
    });
  };
  arm(ms);
  return () => {
    cancel();
  };
}
