/** A subscription as something to iterate over. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { LogSubscription, PartitionOffset, StoredRecord, TopicLog } from '../../../core/ports/topic-log.js';

/** Records that may wait for a slow reader before the topic is paused, and at which it is taken up again. */
const PAUSE_ABOVE = 2000;
const RESUME_BELOW = 500;

/** Options of `RecordStream.open`. */
export interface RecordStreamOptions {
  readonly log: TopicLog;
  readonly topic: string;
  /** Where to start in each partition; partitions not named start at the first record. */
  readonly positions: readonly PartitionOffset[];
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/** States: open (from `open`), ended (its signal aborted, or the subscription broke), closed (`close`, which the reader calls in any case). */
export class RecordStream {
  private queue: StoredRecord[] = [];
  private wake: (() => void) | null = null;
  private broken: Error | null = null;
  private subscription: LogSubscription | null = null;

  private constructor(private readonly options: RecordStreamOptions) {}

  /** Begins to read. */
  static async open(options: RecordStreamOptions): Promise<RecordStream> {
    const stream = new RecordStream(options);
    stream.subscription = await options.log.subscribe({
      topics: [options.topic],
      start: { kind: 'positions', positions: options.positions },
      onRecords: (records) => {
        stream.take(records);
      },
      onBroken: (error) => {
        stream.broken = error;
        stream.wake?.();
      },
    });
    return stream;
  }

  /** What has come since the last call, waiting for something; `null` when the stream has ended. `UNAVAILABLE` when it broke. */
  async next(): Promise<readonly StoredRecord[] | null> {
    const { signal } = this.options;
    const wake = (): void => this.wake?.();
    signal.addEventListener('abort', wake);
    while (this.queue.length === 0 && this.broken === null && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    signal.removeEventListener('abort', wake);
    if (signal.aborted) return null;
    if (this.queue.length === 0 && this.broken !== null) throw brokenStream(this.broken);
    return this.drain();
  }

  /** Ends the subscription; idempotent. */
  async close(): Promise<void> {
    await this.subscription?.close();
  }

  private take(records: readonly StoredRecord[]): void {
    this.queue.push(...records);
    if (this.queue.length > PAUSE_ABOVE) this.subscription?.pause({ topics: [this.options.topic] });
    this.wake?.();
  }

  private drain(): readonly StoredRecord[] {
    const records = this.queue.splice(0, RESUME_BELOW);
    if (this.queue.length < RESUME_BELOW) this.subscription?.resume({ topics: [this.options.topic] });
    return records;
  }
}

function brokenStream(cause: Error): MaridError {
  return new MaridError('UNAVAILABLE', 'The stream of events broke; resume it with the last resume token.', { cause });
}
