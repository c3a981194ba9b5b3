/**
 * Lets claims through only while the worker's registration holds. A registration names the attempts that the worker holds, and what it does not
 * name is given to others; so no answer to a claim may be acted on between that naming and its end.
 *
 * States: closed (at first) -> open -> closed ... `open` and `close` change it.
 */
export class ClaimGate {
  #open = false;
  #round = new AbortController();
  readonly #inside = new Set<Promise<void>>();
  #waiting: (() => void)[] = [];

  get isOpen(): boolean {
    return this.#open;
  }

  open(): void {
    this.#open = true;
    this.#round = new AbortController();
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Cancels the calls inside and resolves when their last answer has been dealt with. */
  async close(): Promise<void> {
    this.#open = false;
    this.#round.abort();
    await Promise.allSettled([...this.#inside]);
  }

  /** Runs a call, which `close` cancels, and what follows from its answer, as soon as the gate is open. Rejects when `signal` aborts before. */
  async pass(signal: AbortSignal, call: (signal: AbortSignal) => Promise<void>): Promise<void> {
    while (!this.#open) await this.#whenOpen(signal);
    const work = call(this.#round.signal);
    this.#inside.add(work);
    try {
      await work;
    } finally {
      this.#inside.delete(work);
    }
  }

  #whenOpen(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const give = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== resume);
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const resume = (): void => {
        signal.removeEventListener('abort', give);
        resolve();
      };
      if (signal.aborted) give();
      else {
        this.#waiting.push(resume);
        signal.addEventListener('abort', give, { once: true });
      }
    });
  }
}
