/** A subscription that a test can wait on. */
import type {
  LogSubscription,
  StoredRecord,
  SubscribeOptions,
  TopicLog,
  TopicPartition,
} from '../../core/ports/topic-log.js';

/** What a test says about what it wants to read. */
export type ReaderOptions = Pick<SubscribeOptions, 'topics' | 'start'>;

/** Collects what a subscription gets. Its waits end as soon as their condition holds; Jest's time limit ends them otherwise. */
export class Reader {
  /** All records so far. */
  readonly received: StoredRecord[] = [];
  /** Records of each call of `onRecords`. */
  readonly callSizes: number[] = [];
  /** What is assigned now. */
  assigned: readonly TopicPartition[] = [];
  /** How often an assignment was told. */
  assignments = 0;
  /** Why it broke, or `null`. */
  broken: Error | null = null;
  private taken = 0;
  private opened: LogSubscription | null = null;
  private readonly waiting = new Set<() => void>();

  private constructor() {}

  static async open(log: TopicLog, options: ReaderOptions): Promise<Reader> {
    const reader = new Reader();
    reader.opened = await log.subscribe({
      ...options,
      onRecords: (records) => {
        reader.received.push(...records);
        reader.callSizes.push(records.length);
        reader.look();
      },
      onAssignment: (partitions) => {
        reader.assigned = partitions;
        reader.assignments += 1;
        reader.look();
      },
      onBroken: (error) => {
        reader.broken = error;
        reader.look();
      },
    });
    return reader;
  }

  /** The subscription itself. */
  get subscription(): LogSubscription {
    if (this.opened === null) throw new Error('the reader is not open');
    return this.opened;
  }

  /** Records that came and were not taken. */
  get buffered(): number {
    return this.received.length - this.taken;
  }

  /** The next `count` records, once they have come. */
  async take(count: number): Promise<readonly StoredRecord[]> {
    await this.until(() => this.buffered >= count);
    this.taken += count;
    return this.received.slice(this.taken - count, this.taken);
  }

  /** Values of the next `count` records as text. */
  async takeTexts(count: number): Promise<readonly string[]> {
    return (await this.take(count)).map((record) => Buffer.from(record.value).toString());
  }

  /** Resolves when exactly `count` partitions are assigned. */
  async untilAssigned(count: number): Promise<void> {
    await this.until(() => this.assigned.length === count);
  }

  /** Resolves when `condition` holds for all records so far. */
  async until(condition: (received: readonly StoredRecord[]) => boolean): Promise<void> {
    while (!condition(this.received)) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  /** Ends the subscription. */
  async close(): Promise<void> {
    await this.subscription.close();
  }

  private look(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
