/** The receiving side of messages that are asked for one by one. */

interface Waiting {
  readonly resolve: (step: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/** Messages of the other side. States: *open*; *over* after `end`, whose error is thrown once, by the next step or the one that waits. */
export class PulledMessages implements AsyncIterable<Uint8Array> {
  private readonly waiting: Waiting[] = [];
  private over = false;
  private failure: Error | null = null;

  /** `pull` asks for one message; what it throws is what the step throws. */
  constructor(private readonly pull: () => void) {}

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return { next: () => this.next() };
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.over) return this.last();
    this.pull();
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** Takes a message that was asked for. */
  put(value: Uint8Array): void {
    this.waiting.shift()?.resolve({ value });
  }

  /** No more come; null: because that was all. The first `end` counts. */
  end(error: Error | null): void {
    if (this.over) return;
    this.over = true;
    this.failure = error;
    for (const { resolve, reject } of this.waiting.splice(0)) this.last().then(resolve, reject);
  }

  private async last(): Promise<IteratorReturnResult<undefined>> {
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
    return { done: true, value: undefined };
  }
}
