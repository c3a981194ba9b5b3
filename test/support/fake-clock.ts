/** Time that moves only when a test says so. */
import type { Clock } from '../../core/ports/clock.js';

interface Timer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** `Clock` moved by `advance`. Its timers fire in the order of their times, each in a turn of the event loop of its own. */
export class FakeClock implements Clock {
  private readonly timers = new Set<Timer>();
  private elapsedMs = 0;
  private offsetMs: number;

  /** `startAt`: first wall-clock time, milliseconds since the epoch. */
  constructor(startAt = 1_800_000_000_000) {
    this.offsetMs = startAt;
  }

  now(): number {
    return this.offsetMs + this.elapsedMs;
  }

  monotonic(): number {
    return this.elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const end = (): void => {
        cancel();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.after(ms, end);
      signal?.addEventListener('abort', end, { once: true });
    });
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { dueAt: this.elapsedMs + Math.max(0, ms), callback };
    this.timers.add(timer);
    return () => {
      this.timers.delete(timer);
    };
  }

  /** Number of armed timers and sleeps: 0 once everything that uses the clock has stopped. */
  get pending(): number {
    return this.timers.size;
  }

  /** Moves both clocks on by `ms` and fires what falls due on the way, also timers that are armed meanwhile. */
  async advance(ms: number): Promise<void> {
    const target = this.elapsedMs + ms;
    await turn();
    for (let timer = this.nextDue(target); timer !== null; timer = this.nextDue(target)) {
      this.timers.delete(timer);
      this.elapsedMs = Math.max(this.elapsedMs, timer.dueAt);
      timer.callback();
      await turn();
    }
    this.elapsedMs = target;
    await turn();
  }

  /** Moves the wall clock alone, as somebody who sets the time; may be negative. Fires nothing. */
  shiftWall(ms: number): void {
    this.offsetMs += ms;
  }

  private nextDue(target: number): Timer | null {
    const due = [...this.timers].filter((timer) => timer.dueAt <= target);
    return due.reduce<Timer | null>(
      (first, timer) => (first === null || timer.dueAt < first.dueAt ? timer : first),
      null,
    );
  }
}

/** Resolves after one whole turn of the event loop: promises that were ready have run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when `condition` holds, looking once per turn of the event loop; rejects after `withinMs`. */
export async function until(condition: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`condition did not hold within ${String(withinMs)} ms`);
    await turn();
  }
}
