/** Work on many items at once whose results keep the order of the items. */

/**
 * The result of each item, in order. Items are read as they come and worked on beside each other; while `atOnce` results are not taken, no more are read. What `items` and
 * `work` throw it throws, behind the results before.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const results = new Results<R>(atOnce);
  void fill(results, items, work);
  try {
    for (let oldest = await results.oldest(); oldest !== null; oldest = await results.oldest())
      yield await results.take(oldest.result);
  } finally {
    results.leave();
  }
}

async function fill<T, R>(results: Results<R>, items: AsyncIterable<T>, work: (item: T) => Promise<R>): Promise<void> {
  try {
    for await (const item of items) {
      results.add(work(item));
      if (results.full && !results.left) await results.room();
      if (results.left) return;
    }
  } catch (error) {
    results.add(failed(error));
  }
  results.end();
}

async function failed(error: unknown): Promise<never> {
  throw error;
}

/** Results that were not taken yet. States: open; ended (`end`): no more come; left (`leave`): nobody takes any more. */
class Results<R> {
  private readonly queue: Promise<R>[] = [];
  private ended = false;
  private gone = false;
  private wakeTaker: (() => void) | null = null;
  private wakeReader: (() => void) | null = null;

  constructor(private readonly most: number) {}

  get full(): boolean {
    return this.queue.length >= this.most;
  }

  get left(): boolean {
    return this.gone;
  }

  add(result: Promise<R>): void {
    result.catch(() => undefined); // whoever takes it gets the rejection
    this.queue.push(result);
    this.wakeTaker?.();
  }

  end(): void {
    this.ended = true;
    this.wakeTaker?.();
  }

  leave(): void {
    this.gone = true;
    this.wakeReader?.();
  }

  /** Resolves when it is not full, or left. */
  room(): Promise<void> {
    return new Promise((resolve) => (this.wakeReader = resolve));
  }

  /** Waits for a result; `null` behind the last. */
  async oldest(): Promise<{ readonly result: Promise<R> } | null> {
    while (this.queue.length === 0 && !this.ended) await new Promise<void>((resolve) => (this.wakeTaker = resolve));
    const [result] = this.queue;
    return result === undefined ? null : { result };
  }

  /** Settles as the oldest result does, which is gone from here then. */
  async take(oldest: Promise<R>): Promise<R> {
    try {
      return await oldest;
    } finally {
      void this.queue.shift();
      this.wakeReader?.();
    }
  }
}
