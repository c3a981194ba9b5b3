/** Work that many wait for and that is done once. */

interface Flight<T> {
  readonly result: Promise<T>;
  readonly ended: AbortController;
  waiting: number;
}

/** By key. Work that nobody waits for any more is aborted. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Waits for the work of a key that is under way, or begins it. Rejects when the signal aborts first. */
  async join(key: string, signal: AbortSignal, work: (ended: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#begin(key, work);
    flight.waiting += 1;
    let leave: () => void = () => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(new Error('nobody waits for it any more', { cause: signal.reason }));
      signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([flight.result, left]);
    } finally {
      signal.removeEventListener('abort', leave);
      flight.waiting -= 1;
      if (flight.waiting === 0) this.#end(key, flight);
    }
  }

  #begin(key: string, work: (ended: AbortSignal) => Promise<T>): Flight<T> {
    const ended = new AbortController();
    const flight = { result: work(ended.signal), ended, waiting: 0 };
    const forget = (): void => this.#forget(key, flight);
    flight.result.then(forget, forget);
    this.#flights.set(key, flight);
    return flight;
  }

  #end(key: string, flight: Flight<T>): void {
    this.#forget(key, flight);
    flight.ended.abort();
  }

  #forget(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
