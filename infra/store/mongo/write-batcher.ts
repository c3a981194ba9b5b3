/** Gathers writes that come while others are under way, and sends them together. */
import type { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';

/** What became of a write: done, refused because the document is not as it must be, or failed. */
export type WriteOutcome = boolean | MaridError;

/** Options of `WriteBatcher`. */
export interface WriteBatcherOptions<W> {
  /** Sends a batch and gives one outcome for each of its writes. Must not reject. */
  readonly send: (writes: readonly W[]) => Promise<readonly WriteOutcome[]>;
  /** About how large a write is, bytes. */
  readonly sizeOf: (write: W) => number;
  /** Milliseconds from `add` until a write is given up. */
  readonly limitMs: number;
  /** The error for a write that was given up, by whether it had been sent. */
  readonly lateError: (sent: boolean) => MaridError;
  readonly clock: Clock;
}

/** Batches under way at once: enough that a slow one holds nobody up. */
const MAX_IN_FLIGHT = 4;
/** Writes in one batch; every server takes 1,000 and more. */
const MAX_WRITES = 500;
/** Size of one batch, bytes: far below the 16 MiB of a message, since sizes are estimates. */
const MAX_BYTES = 4_000_000;

interface Queued<W> {
  readonly write: W;
  sent: boolean;
  settle(outcome: WriteOutcome): void;
}

/**
 * Has one state: a queue, and a number of batches under way. A write goes out in the same turn of the event loop's end when fewer than `MAX_IN_FLIGHT` are under
 * way, else with all others that gathered when one of them comes back: under load, batches grow by themselves.
 */
export class WriteBatcher<W> {
  private queue: Queued<W>[] = [];
  private inFlight = 0;
  private scheduled = false;

  constructor(private readonly options: WriteBatcherOptions<W>) {}

  /** Queues a write and resolves with whether it was done; rejects with its error, at the latest after `limitMs`. */
  add(write: W): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const { clock, limitMs, lateError } = this.options;
      const queued: Queued<W> = {
        write,
        sent: false,
        settle: (outcome) => {
          cancel();
          if (typeof outcome === 'boolean') resolve(outcome);
          else reject(outcome);
        },
      };
      const cancel = clock.after(limitMs, () => {
        if (!queued.sent) this.queue = this.queue.filter((each) => each !== queued);
        reject(lateError(queued.sent));
      });
      this.queue.push(queued);
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      while (this.queue.length > 0 && this.inFlight < MAX_IN_FLIGHT) void this.flush(this.takeBatch());
    });
  }

  private async flush(batch: readonly Queued<W>[]): Promise<void> {
    this.inFlight += 1;
    for (const each of batch) each.sent = true;
    const outcomes = await this.options.send(batch.map((each) => each.write));
    this.inFlight -= 1;
    for (const [index, each] of batch.entries()) each.settle(outcomes[index] ?? this.options.lateError(true));
    if (this.queue.length > 0) this.schedule();
  }

  private takeBatch(): readonly Queued<W>[] {
    let bytes = 0;
    const end = this.queue.findIndex((each, index) => {
      bytes += this.options.sizeOf(each.write);
      return index >= MAX_WRITES || bytes > MAX_BYTES;
    });
    return this.queue.splice(0, end === -1 ? this.queue.length : Math.max(1, end));
  }
}
