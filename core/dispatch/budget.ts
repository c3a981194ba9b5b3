/** The memory that a worker's claims may use together. */
import { MaridError } from '../errors/marid-error.js';

/** Reservations of memory by key; their sum never passes the total. */
export class MemoryBudget {
  /** MiB. */
  readonly totalMb: number;
  readonly #reserved = new Map<string, number>();
  #usedMb = 0;

  constructor(totalMb: number) {
    checkMb(totalMb);
    this.totalMb = totalMb;
  }

  /** MiB that can still be reserved. */
  get freeMb(): number {
    return this.totalMb - this.#usedMb;
  }

  /** How many reservations there are. */
  get held(): number {
    return this.#reserved.size;
  }

  /** Reserves memory. False, and nothing changed, when it does not fit or the key holds some already. */
  reserve(key: string, mb: number): boolean {
    checkMb(mb);
    if (this.#reserved.has(key) || mb > this.freeMb) return false;
    this.#reserved.set(key, mb);
    this.#usedMb += mb;
    return true;
  }

  /** Gives a reservation back; idempotent. */
  release(key: string): void {
    this.#usedMb -= this.#reserved.get(key) ?? 0;
    this.#reserved.delete(key);
  }
}

/** Whole MiB only: sums of fractions drift. */
function checkMb(mb: number): void {
  if (!Number.isSafeInteger(mb) || mb < 0) {
    throw new MaridError('INTERNAL', `Memory of ${mb} MiB is not a whole number from 0.`);
  }
}
