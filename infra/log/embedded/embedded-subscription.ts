/** One reader of the embedded log. */
import type {
  LogSubscription,
  PartitionOffset,
  StoredRecord,
  SubscribeOptions,
  TopicPartition,
} from '../../../core/ports/topic-log.js';

/** Records that one call of `onRecords` brings at most. */
const MAX_RECORDS_PER_CALL = 500;

/** What a subscription needs of its log. */
export interface SubscriptionHost {
  /** Records of a partition from an offset on. */
  read(from: PartitionOffset, limit: number): readonly StoredRecord[];
  /** Where a partition that was just assigned starts. */
  startOf(partition: TopicPartition): number;
  /** Makes offsets durable. */
  commit(offsets: readonly PartitionOffset[]): Promise<void>;
  /** Takes the subscription off its log and group. */
  leave(): void;
}

interface ReadPosition extends TopicPartition {
  /** Next record to read; `null` until it is asked for, at the first read. */
  offset: number | null;
  /** Whether there may be records that were not read. */
  ready: boolean;
}

/**
 * A running subscription. States: idle (nothing to tell), scheduled (a turn of the event loop is booked, by `schedule`) and closed (by `close` or
 * because a callback or the store failed, for ever). One turn tells a changed assignment and then one batch of records.
 */
export class EmbeddedSubscription implements LogSubscription {
  readonly topics: readonly string[];
  private assigned: ReadPosition[] = [];
  private readonly paused = new Set<string>();
  private assignmentChanged = true;
  private scheduled: NodeJS.Immediate | null = null;
  private closed = false;

  constructor(
    private readonly options: SubscribeOptions,
    private readonly host: SubscriptionHost,
  ) {
    this.topics = [...new Set(options.topics)];
  }

  /** Group that it belongs to, or `null`. */
  get group(): string | null {
    return this.options.start.kind === 'group' ? this.options.start.group : null;
  }

  /** Sets what it reads. Partitions that stay are read on, new ones from their start. Tells the owner if anything changed. */
  assign(partitions: readonly TopicPartition[]): void {
    // Of thousands of members most get nothing, again and again.
    if (partitions.length + this.assigned.length === 0 && !this.assignmentChanged) return;
    const before = new Map(this.assigned.map((each) => [nameOf(each), each]));
    this.assigned = partitions.map((each) => before.get(nameOf(each)) ?? { ...each, offset: null, ready: true });
    const same = before.size === this.assigned.length && this.assigned.every((each) => before.has(nameOf(each)));
    if (!same) this.assignmentChanged = true;
    this.schedule();
  }

  /** Says that a partition has new records. */
  wake(topic: string, partition: number): void {
    const position = this.assigned.find((each) => each.partition === partition && each.topic === topic);
    if (position === undefined) return;
    position.ready = true;
    this.schedule();
  }

  async commit({ offsets }: { readonly offsets: readonly PartitionOffset[] }): Promise<void> {
    if (this.group !== null && offsets.length > 0) await this.host.commit(offsets);
  }

  pause({ topics }: { readonly topics: readonly string[] }): void {
    for (const topic of topics) this.paused.add(topic);
  }

  resume({ topics }: { readonly topics: readonly string[] }): void {
    for (const topic of topics) this.paused.delete(topic);
    this.schedule();
  }

  async close(): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  private end(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.scheduled !== null) clearImmediate(this.scheduled);
    this.scheduled = null;
    this.host.leave();
  }

  private schedule(): void {
    if (this.closed || this.scheduled !== null) return;
    this.scheduled = setImmediate(() => {
      this.scheduled = null;
      this.deliver();
    });
  }

  private deliver(): void {
    try {
      if (this.assignmentChanged) this.tellAssignment();
      const records = this.closed ? [] : this.takeRecords();
      if (records.length === 0) return;
      this.options.onRecords(records);
      this.schedule();
    } catch (error) {
      if (this.closed) return;
      this.end();
      this.options.onBroken(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private tellAssignment(): void {
    this.assignmentChanged = false;
    this.options.onAssignment?.(this.assigned.map(({ topic, partition }) => ({ topic, partition })));
  }

  /** The partition read first changes each time, so that a busy one does not hold up the others. */
  private takeRecords(): readonly StoredRecord[] {
    const first = this.assigned.shift();
    if (first !== undefined) this.assigned.push(first);
    const taken: StoredRecord[] = [];
    for (const position of this.assigned) {
      const room = MAX_RECORDS_PER_CALL - taken.length;
      if (room === 0) break;
      if (!position.ready || this.paused.has(position.topic)) continue;
      const offset = position.offset ?? this.host.startOf(position);
      const records = this.host.read({ ...position, offset }, room);
      position.ready = records.length === room;
      position.offset = (records.at(-1)?.offset ?? offset - 1) + 1;
      taken.push(...records);
    }
    return taken;
  }
}

function nameOf(partition: TopicPartition): string {
  return `${String(partition.partition)}/${partition.topic}`;
}
