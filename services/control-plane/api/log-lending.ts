/** One subscription that is lent to a worker over a stream. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { MaridError } from '../../../core/errors/marid-error.js';
import type {
  LogSubscription,
  PartitionOffset,
  StoredRecord,
  TopicLog,
  TopicPartition,
} from '../../../core/ports/topic-log.js';
import { storedRecordToMessage, topicPartitionToMessage } from '../../../proto/codec/topic-log.js';
import type { SubscribeResponseSchema } from '../../../proto/gen/marid/v1/log_service_pb.js';

/** Most records and bytes of values in one message of the stream. */
const MAX_BATCH_RECORDS = 500;
const MAX_BATCH_BYTES = 1024 * 1024;

/** A message of the stream. */
export type LentEvent = MessageInitShape<typeof SubscribeResponseSchema>;

type Waiting =
  | { readonly kind: 'record'; readonly record: StoredRecord }
  | { readonly kind: 'assignment'; readonly partitions: readonly TopicPartition[] };

/**
 * Passes the events of a subscription to a stream. Records wait here until the stream takes them; when too many wait, all topics are paused until
 * half of them are gone, so that a slow stream holds back the log and not this process's memory.
 *
 * States: *new*; *open* by `open`; *closed* by `close`, which leaves the group.
 */
export class LogLending {
  private readonly waiting: Waiting[] = [];
  /** Topics that the borrower paused. */
  private readonly paused = new Set<string>();
  private backedUp = false;
  private broken: Error | null = null;
  private subscription: LogSubscription | null = null;
  private wake: () => void = () => undefined;

  constructor(private readonly options: { readonly topics: readonly string[]; readonly maxWaiting: number }) {}

  /** How many records and assignments wait for the stream. */
  get size(): number {
    return this.waiting.length;
  }

  /** Joins the group. Rejects as `TopicLog.subscribe` does. */
  async open(log: TopicLog, group: string): Promise<void> {
    this.subscription = await log.subscribe({
      topics: this.options.topics,
      start: { kind: 'group', group },
      onRecords: (records) => {
        this.add(records.map((record) => ({ kind: 'record', record })));
      },
      onAssignment: (partitions) => {
        this.add([{ kind: 'assignment', partitions }]);
      },
      onBroken: (error) => {
        this.broken = error;
        this.wake();
      },
    });
    if (this.backedUp) this.subscription.pause({ topics: this.options.topics });
  }

  /** Everything that happens, until `signal` aborts. Throws when the log breaks the subscription. */
  async *events(signal: AbortSignal): AsyncGenerator<LentEvent> {
    const onAbort = (): void => {
      this.wake();
    };
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        const event = this.take();
        if (event !== null) yield event;
        else if (this.broken !== null) throw this.broken;
        else await this.untilWoken();
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Stops the records of topics on the borrower's wish. */
  pause(topics: readonly string[]): void {
    for (const topic of topics) this.paused.add(topic);
    if (topics.length > 0) this.subscription?.pause({ topics });
  }

  /** Ends a pause that the borrower wished. */
  resume(topics: readonly string[]): void {
    for (const topic of topics) this.paused.delete(topic);
    if (topics.length > 0 && !this.backedUp) this.subscription?.resume({ topics });
  }

  /** Commits for the group. */
  async commit(offsets: readonly PartitionOffset[]): Promise<void> {
    if (this.subscription === null) throw new MaridError('UNAVAILABLE', 'The subscription is not open yet.');
    await this.subscription.commit({ offsets });
  }

  /** Leaves the group; idempotent. */
  async close(): Promise<void> {
    await this.subscription?.close();
  }

  private add(events: readonly Waiting[]): void {
    this.waiting.push(...events);
    if (!this.backedUp && this.waiting.length >= this.options.maxWaiting) {
      this.backedUp = true;
      this.subscription?.pause({ topics: this.options.topics });
    }
    this.wake();
  }

  private take(): LentEvent | null {
    const [first] = this.waiting;
    if (first === undefined) return null;
    const taken = first.kind === 'assignment' ? 1 : this.batchLength();
    const records = this.waiting.splice(0, taken).flatMap((each) => (each.kind === 'record' ? [each.record] : []));
    this.relieve();
    if (first.kind === 'assignment') {
      return { event: { case: 'assignment', value: { partitions: first.partitions.map(topicPartitionToMessage) } } };
    }
    return { event: { case: 'batch', value: { records: records.map(storedRecordToMessage) } } };
  }

  private batchLength(): number {
    let length = 0;
    let bytes = 0;
    for (const each of this.waiting) {
      if (each.kind !== 'record' || length === MAX_BATCH_RECORDS) break;
      bytes += each.record.value.length;
      if (length > 0 && bytes > MAX_BATCH_BYTES) break;
      length += 1;
    }
    return length;
  }

  private relieve(): void {
    if (!this.backedUp || this.waiting.length > this.options.maxWaiting / 2) return;
    this.backedUp = false;
    const topics = this.options.topics.filter((topic) => !this.paused.has(topic));
    if (topics.length > 0) this.subscription?.resume({ topics });
  }

  private untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
