/**
 * A log of topics with partitions, consumer groups and committed offsets: what Kafka gives, without its client's notions. At least
 * once: a consumer sees records again after a crash or a rebalance, and decides by its own state.
 */

/** A record to append. */
export interface LogRecord {
  readonly topic: string;
  /** From 0; always chosen by the caller (`partitionOf` hashes a key). */
  readonly partition: number;
  /** Empty for none. */
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** A record as read. */
export interface StoredRecord extends LogRecord {
  readonly offset: number;
  /** Milliseconds since the epoch, by the log's clock, when it was appended. */
  readonly appendedAt: number;
}

/** Names a partition. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A place in a partition: the next record to read. */
export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** A topic to have. */
export interface TopicSettings {
  readonly topic: string;
  readonly partitions: number;
  /** How long records are kept, in milliseconds. */
  readonly retentionMs: number;
  /** How many of the last records of each partition are kept at least; older ones may go before their time. Default: all. Not every product can. */
  readonly retentionRecords?: number;
}

/** Where a subscription without committed offsets starts, and whether it commits. */
export type SubscriptionStart =
  /** Shares the partitions with the group's other members; starts at its committed offsets, else at the first record. */
  | { readonly kind: 'group'; readonly group: string }
  /** Alone, reads every partition from these places; partitions not named start at the first record. Commits nothing. */
  | { readonly kind: 'positions'; readonly positions: readonly PartitionOffset[] };

/** Options of `subscribe`. */
export interface SubscribeOptions {
  readonly topics: readonly string[];
  readonly start: SubscriptionStart;
  /**
   * Gets records, in order per partition, as soon as there are any. It only takes them over: it must not block, and must not throw. Pause
   * topics to stop the flow; records already under way (at most 500 per topic) may still come.
   */
  readonly onRecords: (records: readonly StoredRecord[]) => void;
  /** Gets all partitions now assigned, first at the join and then after each change. Default: ignored. */
  readonly onAssignment?: (partitions: readonly TopicPartition[]) => void;
  /** The subscription broke for good: the owner subscribes again or ends. */
  readonly onBroken: (error: Error) => void;
}

/** A running subscription. */
export interface LogSubscription {
  /** Notes for the group that everything below these offsets is settled. Durable when it resolves. Never goes back within a session. */
  commit(options: { readonly offsets: readonly PartitionOffset[] }): Promise<void>;
  /** Stops the records of whole topics; takes effect soon, not at once. Safe to repeat. */
  pause(options: { readonly topics: readonly string[] }): void;
  /** Ends a pause. Safe to repeat. */
  resume(options: { readonly topics: readonly string[] }): void;
  /** Leaves; idempotent. No callback comes after it has resolved. */
  close(): Promise<void>;
}

/** The log. Rejections are `UNAVAILABLE` or `DEADLINE_EXCEEDED`, `NOT_FOUND` for a topic that does not exist. */
export interface TopicLog {
  /** Creates what is missing and adds partitions; never removes any. */
  ensureTopics(options: { readonly topics: readonly TopicSettings[] }): Promise<void>;
  /** Number of partitions of a topic. */
  partitions(options: { readonly topic: string }): Promise<number>;
  /**
   * Appends records in the given order per partition. Durable when it resolves. A rejection means unknown: they may have been stored, so
   * consumers are idempotent.
   */
  produce(options: { readonly records: readonly LogRecord[] }): Promise<void>;
  /** Next offset to be written, for each partition of a topic. */
  endOffsets(options: { readonly topic: string }): Promise<readonly PartitionOffset[]>;
  /** Starts to read. */
  subscribe(options: SubscribeOptions): Promise<LogSubscription>;
  /** Ends everything; idempotent. */
  close(): Promise<void>;
}
