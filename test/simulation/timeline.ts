/** Simulated time: the one order in which everything of a simulation happens. */

/** More steps at one moment mean that something goes round in circles. */
const MOST_STEPS = 100_000;

interface Entry {
  readonly dueAt: number;
  readonly number: number;
  work: (() => void) | null;
}

/**
 * Work by its time, milliseconds from 0; what is due at the same time comes in the order in which it was planned. Time moves only when everything that was ready has run, so
 * that a run depends on nothing but what was planned.
 */
export class Timeline {
  #now = 0;
  #planned = 0;
  /** A binary heap, the earliest first. */
  readonly #heap: Entry[] = [];

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** Plans work for `delayMs` from now; returns a function that cancels it. */
  at(delayMs: number, work: () => void): () => void {
    const entry: Entry = { dueAt: this.#now + Math.max(0, delayMs), number: this.#planned, work };
    this.#planned += 1;
    this.#push(entry);
    return () => {
      entry.work = null;
    };
  }

  /** Does what is planned until `done` holds, asked after each step, or time passes `limitMs`. Whether `done` held. */
  async run(done: () => boolean, limitMs: number): Promise<boolean> {
    await settled();
    let steps = 0;
    while (!done()) {
      const entry = this.#pop();
      if (entry === null || entry.dueAt > limitMs) return false;
      if (entry.work === null) continue;
      steps = entry.dueAt > this.#now ? 0 : steps + 1;
      if (steps > MOST_STEPS) throw new Error(`simulated time stands still at ${String(this.#now)}`);
      this.#now = entry.dueAt;
      entry.work();
      await settled();
    }
    return true;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, entry)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  /** Puts an entry at the root and lets it sink to its place. */
  #sink(entry: Entry): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      if (one === undefined) break;
      const smaller = other !== undefined && isBefore(other, one) ? left + 1 : left;
      const child = smaller === left ? one : other;
      if (child === undefined || isBefore(entry, child)) break;
      heap[index] = child;
      index = smaller;
    }
    heap[index] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.number < b.number);
}

/** Resolves when no promise is left that could go on by itself: those run before the event loop turns. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
