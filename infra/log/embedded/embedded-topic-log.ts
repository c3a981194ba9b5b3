/** `TopicLog` in tables of the embedded database, for the readers of one process. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type {
  LogRecord,
  LogSubscription,
  PartitionOffset,
  StoredRecord,
  SubscribeOptions,
  TopicLog,
  TopicPartition,
  TopicSettings,
} from '../../../core/ports/topic-log.js';
import type { SqliteDatabase } from '../../store/sqlite/sqlite-database.js';
import { assignPartitions, mayGetPartitions } from './assign-partitions.js';
import { EmbeddedSubscription } from './embedded-subscription.js';
import * as tables from './log-tables.js';
import { RecentRecords } from './recent-records.js';
import { RetentionSweeper } from './retention-sweeper.js';

/** What `EmbeddedTopicLog` works with. */
export interface EmbeddedTopicLogOptions {
  /** Shared; its owner opens and closes it. One log per database. */
  readonly db: SqliteDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes of the last records kept in memory. Default: 1 MiB. */
  readonly recentBytes?: number;
}

/** Records of one partition, in the order in which they were given. */
interface Batch {
  readonly topicId: number;
  readonly topic: string;
  readonly partition: number;
  readonly records: LogRecord[];
}

/** A consumer group. */
interface Group {
  /** In the order in which they joined. */
  readonly members: Set<EmbeddedSubscription>;
  /** Those that any member has ever wanted. */
  readonly topics: Set<string>;
  /** Those that may have partitions: of thousands of members only a few. */
  dealt: readonly EmbeddedSubscription[];
}

/**
 * The log. States: open (from construction) and closed (by `close`, for ever). A produce wakes the subscriptions that read its partitions: groups as
 * soon as it is committed, since their offsets and what they write come behind it on the disk; others, whose places are kept elsewhere, once it is
 * durable. Nothing polls. The last records are also kept in memory, where most readers find them. Groups are the subscriptions that live: only
 * their offsets are stored.
 */
export class EmbeddedTopicLog implements TopicLog {
  private readonly topics = new Map<string, tables.Topic>();
  /** Those without a group. */
  private readonly alone = new Set<EmbeddedSubscription>();
  private readonly groups = new Map<string, Group>();
  private readonly sweeper: RetentionSweeper;
  private readonly recent: RecentRecords;
  private closed = false;

  constructor(private readonly options: EmbeddedTopicLogOptions) {
    this.recent = new RecentRecords(options.recentBytes);
    this.refreshTopics();
    this.sweeper = new RetentionSweeper({
      ...options,
      topics: () => [...this.topics.values()],
      onExpired: (partition) => {
        this.recent.forget(partition);
      },
    });
  }

  async ensureTopics({ topics }: { readonly topics: readonly TopicSettings[] }): Promise<void> {
    this.checkOpen();
    await this.options.db.write((connection) => {
      for (const settings of topics) tables.putTopic(connection, settings);
    }, topics.length);
    this.refreshTopics();
    this.assignAlone(this.alone);
    for (const group of this.groups.values()) this.rebalance(group);
  }

  async partitions({ topic }: { readonly topic: string }): Promise<number> {
    this.checkOpen();
    return this.topic(topic).partitions;
  }

  async produce({ records }: { readonly records: readonly LogRecord[] }): Promise<void> {
    this.checkOpen();
    const batches = this.batchesOf(records);
    if (batches.length === 0) return;
    await this.options.db.write(
      (connection) => {
        const now = this.options.clock.now();
        return batches.map((batch) => tables.appendRecords(connection, { ...batch, now }, batch.records));
      },
      records.length,
      (appended) => {
        for (const stored of appended) this.recent.add(stored);
        for (const { dealt } of this.groups.values()) this.wake(batches, dealt);
      },
    );
    this.wake(batches, this.alone);
  }

  async endOffsets(options: { readonly topic: string }): Promise<readonly PartitionOffset[]> {
    this.checkOpen();
    const { id, name, partitions } = this.topic(options.topic);
    return this.options.db.read((connection) =>
      Array.from({ length: partitions }, (_, partition) => ({
        topic: name,
        partition,
        offset: tables.nextOffset(connection, id, partition),
      })),
    );
  }

  async subscribe(options: SubscribeOptions): Promise<LogSubscription> {
    this.checkOpen();
    for (const topic of options.topics) this.topic(topic);
    const subscription: EmbeddedSubscription = new EmbeddedSubscription(options, {
      read: (from, limit) => this.read(from, limit),
      startOf: (partition) => this.startOf(options, partition),
      commit: (offsets) => this.commit(subscription.group, offsets),
      leave: () => {
        this.leave(subscription);
      },
    });
    this.join(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    this.closed = true;
    const members = [...this.groups.values()].flatMap((group) => [...group.members]);
    for (const subscription of [...this.alone, ...members]) await subscription.close();
    await this.sweeper.stop();
  }

  private wake(batches: readonly Batch[], subscriptions: Iterable<EmbeddedSubscription>): void {
    for (const subscription of subscriptions) {
      for (const { topic, partition } of batches) subscription.wake(topic, partition);
    }
  }

  private refreshTopics(): void {
    for (const topic of this.options.db.read(tables.readTopics)) this.topics.set(topic.name, topic);
  }

  private assignAlone(subscriptions: Iterable<EmbeddedSubscription>): void {
    for (const subscription of subscriptions) {
      const [all] = assignPartitions([subscription], (topic) => this.topic(topic).partitions);
      subscription.assign(all ?? []);
    }
  }

  private join(subscription: EmbeddedSubscription): void {
    const name = subscription.group;
    if (name === null) {
      this.alone.add(subscription);
      this.assignAlone([subscription]);
      return;
    }
    const group = this.groups.get(name) ?? { members: new Set(), topics: new Set(), dealt: [] };
    this.groups.set(name, group);
    group.members.add(subscription);
    for (const topic of subscription.topics) group.topics.add(topic);
    subscription.assign([]);
    this.rebalance(group);
  }

  private leave(subscription: EmbeddedSubscription): void {
    this.alone.delete(subscription);
    const name = subscription.group;
    const group = name === null ? undefined : this.groups.get(name);
    if (name === null || group === undefined) return;
    group.members.delete(subscription);
    if (group.members.size === 0) this.groups.delete(name);
    if (group.dealt.includes(subscription)) this.rebalance(group);
  }

  /** Deals the partitions of a group anew among its members, in the order in which they joined. */
  private rebalance(group: Group): void {
    if (this.closed) return;
    const partitionsOf = (topic: string): number => this.topic(topic).partitions;
    group.dealt = mayGetPartitions(group, partitionsOf);
    const dealt = assignPartitions(group.dealt, partitionsOf);
    group.dealt.forEach((member, index) => {
      member.assign(dealt[index] ?? []);
    });
  }

  private read(from: PartitionOffset, limit: number): readonly StoredRecord[] {
    const stored = (): readonly StoredRecord[] =>
      this.options.db.read((connection) => tables.readRecords(connection, this.topic(from.topic), { ...from, limit }));
    return this.recent.read(from, limit) ?? stored();
  }

  private startOf({ start }: SubscribeOptions, at: TopicPartition): number {
    if (start.kind === 'positions') {
      const found = start.positions.find((each) => each.topic === at.topic && each.partition === at.partition);
      return found?.offset ?? 0;
    }
    const place = { group: start.group, topicId: this.topic(at.topic).id, partition: at.partition };
    return this.options.db.read((connection) => tables.committedOffset(connection, place));
  }

  private async commit(group: string | null, offsets: readonly PartitionOffset[]): Promise<void> {
    if (group === null) return;
    const places = offsets.map(({ topic, partition, offset }) => ({
      place: { group, topicId: this.topic(topic).id, partition },
      offset,
    }));
    await this.options.db.write((connection) => {
      for (const { place, offset } of places) tables.commitOffset(connection, place, offset);
    }, places.length);
  }

  private batchesOf(records: readonly LogRecord[]): readonly Batch[] {
    const batches = new Map<string, Batch>();
    for (const record of records) {
      const name = `${String(record.partition)}/${record.topic}`;
      const batch = batches.get(name) ?? this.newBatch(record);
      batch.records.push(record);
      batches.set(name, batch);
    }
    return [...batches.values()];
  }

  private newBatch({ topic, partition }: LogRecord): Batch {
    const { id, partitions } = this.topic(topic);
    if (Number.isInteger(partition) && partition >= 0 && partition < partitions) {
      return { topicId: id, topic, partition, records: [] };
    }
    const has = `it has ${String(partitions)}, from 0`;
    throw new MaridError('NOT_FOUND', `The topic ${topic} has no partition ${String(partition)}: ${has}.`);
  }

  private topic(name: string): tables.Topic {
    const topic = this.topics.get(name);
    if (topic !== undefined) return topic;
    throw new MaridError('NOT_FOUND', `The log has no topic ${name}: create it with ensureTopics first.`);
  }

  private checkOpen(): void {
    if (this.closed) throw new MaridError('UNAVAILABLE', 'The log is closed; this process ends.');
  }
}
