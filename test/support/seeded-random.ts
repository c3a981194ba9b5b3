/** Chance that repeats. */
import type { Random } from '../../core/ports/random.js';

/** `Random` from a seed (mulberry32). Ids look like UUID version 7, and later ones sort later. */
export class SeededRandom implements Random {
  private count = 0;

  constructor(private state = 1) {}

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  id(): string {
    this.count += 1;
    const count = this.count.toString(16).padStart(12, '0');
    return `${count.slice(0, 8)}-${count.slice(8)}-7${this.hex(3)}-8${this.hex(3)}-${this.hex(12)}`;
  }

  private hex(digits: number): string {
    return Array.from({ length: digits }, () => Math.floor(this.next() * 16).toString(16)).join('');
  }
}
