/** Offers that a worker has read and not yet claimed or declined. */

/** An offer under consideration. */
export interface Entry<T> {
  readonly jobId: string;
  readonly memoryMb: number;
  /** Whatever its owner needs to settle the offer. */
  readonly payload: T;
  /** Milliseconds, by the clock of the caller. */
  readonly addedAt: number;
}

/** Options of `LookAhead`. */
export interface LookAheadOptions {
  /** Most entries, for example 64. */
  readonly capacity: number;
  /** How long an entry may wait for room before it is declined, in milliseconds, for example 5,000. */
  readonly maxAgeMs: number;
}

/** A short queue in the order of arrival, out of which the first entry that fits is taken: small jobs pass large ones that wait. */
export class LookAhead<T> {
  readonly #options: LookAheadOptions;
  /** By job; a Map keeps the order of arrival. */
  readonly #entries = new Map<string, Entry<T>>();

  constructor(options: LookAheadOptions) {
    this.#options = options;
  }

  /** Whether nothing more is taken in. */
  get full(): boolean {
    return this.#entries.size >= this.#options.capacity;
  }

  /** How many entries wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** Takes an offer in. False when it is full or has an offer of the same job: then the caller settles this one at once. */
  add(entry: Omit<Entry<T>, 'addedAt'>, now: number): boolean {
    if (this.full || this.#entries.has(entry.jobId)) return false;
    const { jobId, memoryMb, payload } = entry;
    this.#entries.set(jobId, { jobId, memoryMb, payload, addedAt: now });
    return true;
  }

  /** Takes out the first entry that needs at most `freeMb`, or `null`. */
  takeFitting(freeMb: number): Entry<T> | null {
    for (const entry of this.#entries.values()) {
      if (entry.memoryMb > freeMb) continue;
      this.#entries.delete(entry.jobId);
      return entry;
    }
    return null;
  }

  /** Whether an entry needs at most `freeMb`. */
  fits(freeMb: number): boolean {
    return [...this.#entries.values()].some(({ memoryMb }) => memoryMb <= freeMb);
  }

  /** Takes out the entries that have waited too long, in the order of arrival. */
  takeExpired(now: number): readonly Entry<T>[] {
    const expired = [...this.#entries.values()].filter((entry) => now - entry.addedAt >= this.#options.maxAgeMs);
    for (const entry of expired) this.#entries.delete(entry.jobId);
    return expired;
  }
}
