/** The machine's chance. */
import { v7 } from 'uuid';
import type { Random } from '../../core/ports/random.js';

/** `Random` over the runtime's generator and UUID version 7. */
export class SystemRandom implements Random {
  next(): number {
    return Math.random();
  }

  id(): string {
    return v7();
  }
}
