/** Lets few of many begin at a time. */
import { breathe } from '../breathe.js';

/** So many begin in one turn of the event loop. */
const PER_TURN = 4;

/**
 * For work that goes through steps without waiting: begun all at once, every piece would end with the last. States: open (the next one passes at once) and
 * turning (some passed in this turn or the one before; who comes waits behind the others).
 */
export class Turnstile {
  #waiting: (() => void)[] = [];
  #turning = false;

  /** Resolves when it is the caller's turn, in the order of the calls. */
  pass(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#turning) void this.#turn();
    });
  }

  async #turn(): Promise<void> {
    this.#turning = true;
    while (this.#waiting.length > 0) {
      for (const pass of this.#waiting.splice(0, PER_TURN)) pass();
      await breathe();
    }
    this.#turning = false;
  }
}
