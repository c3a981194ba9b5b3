/** What the simulated log holds, and who of a group reads what. It outlives every process. */
import { MaridError } from '../../core/errors/marid-error.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Random } from '../../core/ports/random.js';
import type { LogRecord, PartitionOffset, StoredRecord, TopicPartition } from '../../core/ports/topic-log.js';
import { assignPartitions } from '../../infra/log/embedded/assign-partitions.js';
import type { Weather } from './link.js';
import type { SimSubscription } from './sim-subscription.js';
import type { Timeline } from './timeline.js';

/** Longest time until a member of a group learns of a new assignment, milliseconds: others may have begun by then. */
const LEARN_MS = 300;
/** Probability that a batch is stored twice when the log is in trouble. */
const DUPLICATE = 0.5;

/** Options of `SimBroker`. */
export interface SimBrokerOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly weather: Weather;
  /** Stamps the records. */
  readonly clock: Clock;
  /** Gets each record as it is stored. */
  readonly onStored: (record: StoredRecord) => void;
}

interface Group {
  members: SimSubscription[];
  /** Number of the last assignment: members ignore older ones. */
  generation: number;
  readonly committed: Map<string, number>;
}

/** Topics, groups and offsets. */
export class SimBroker {
  readonly options: SimBrokerOptions;
  readonly #topics = new Map<string, StoredRecord[][]>();
  readonly #groups = new Map<string, Group>();
  readonly #subscriptions = new Set<SimSubscription>();

  constructor(options: SimBrokerOptions) {
    this.options = options;
  }

  ensureTopic(topic: string, partitions: number): void {
    const known = this.#topics.get(topic) ?? [];
    while (known.length < partitions) known.push([]);
    this.#topics.set(topic, known);
  }

  /** The records of a topic by partition. `NOT_FOUND` when there is none. */
  topic(topic: string): readonly (readonly StoredRecord[])[] {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined) throw new MaridError('NOT_FOUND', `There is no topic ${topic}.`);
    return partitions;
  }

  /** Stores records, in order for each partition; in trouble a batch may be stored twice. */
  append(records: readonly LogRecord[]): void {
    for (const { topic } of records) this.topic(topic);
    const { random, weather } = this.options;
    const times = weather.trouble > 0 && random.next() < weather.trouble * DUPLICATE ? 2 : 1;
    for (let time = 0; time < times; time += 1) for (const record of records) this.#store(record);
    for (const subscription of this.#subscriptions) subscription.wake();
  }

  /** Begins to serve a subscription. */
  join(subscription: SimSubscription): void {
    this.#subscriptions.add(subscription);
    const group = this.#groupOf(subscription);
    if (group === null) return;
    group.members.push(subscription);
    this.#rebalance(group);
  }

  /** Serves a subscription no more; what its group was to read goes to the others. */
  leave(subscription: SimSubscription): void {
    this.#subscriptions.delete(subscription);
    const group = this.#groupOf(subscription);
    if (group?.members.includes(subscription) !== true) return;
    group.members = group.members.filter((member) => member !== subscription);
    this.#rebalance(group);
  }

  /** Deals the partitions of every group anew. */
  rebalanceAll(): void {
    for (const group of this.#groups.values()) this.#rebalance(group);
  }

  /** Breaks each subscription with a probability. */
  breakSome(probability: number): void {
    for (const subscription of [...this.#subscriptions]) {
      if (this.options.random.next() < probability) subscription.break();
    }
  }

  /** What is there for a reader at this place, at most `limit` records. */
  read({ topic, partition, offset }: PartitionOffset, limit: number): readonly StoredRecord[] {
    return (this.topic(topic)[partition] ?? []).slice(offset, offset + limit);
  }

  /** Where the group's next reader of a partition begins. */
  committed(group: string, partition: TopicPartition): number {
    return this.#groups.get(group)?.committed.get(placeOf(partition)) ?? 0;
  }

  /** Notes offsets for a group. */
  commit(group: string, offsets: readonly PartitionOffset[]): void {
    const committed = this.#groups.get(group)?.committed;
    for (const place of offsets) {
      committed?.set(placeOf(place), Math.max(place.offset, committed.get(placeOf(place)) ?? 0));
    }
  }

  #store(record: LogRecord): void {
    const partition = this.#topics.get(record.topic)?.[record.partition];
    if (partition === undefined) return;
    const stored = { ...record, offset: partition.length, appendedAt: this.options.clock.now() };
    partition.push(stored);
    this.options.onStored(stored);
  }

  #groupOf({ group: name }: SimSubscription): Group | null {
    if (name === null) return null;
    const group = this.#groups.get(name) ?? { members: [], generation: 0, committed: new Map() };
    this.#groups.set(name, group);
    return group;
  }

  #rebalance(group: Group): void {
    group.generation += 1;
    const { generation, members } = group;
    const dealt = assignPartitions(members, (topic) => this.topic(topic).length);
    members.forEach((member, index) => {
      const { timeline, random } = this.options;
      timeline.at(random.next() * LEARN_MS, () => member.assign(dealt[index] ?? [], generation));
    });
  }
}

/** Names a partition. */
export function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${String(partition)}`;
}
