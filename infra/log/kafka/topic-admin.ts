/** Questions and changes that go to the brokers outside of reading and writing. */
import type { Admin } from 'kafkajs';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { LogRecord, PartitionOffset, TopicPartition } from '../../../core/ports/topic-log.js';
import { errorNames, toMaridError } from './kafka-errors.js';
import type { Renewable } from './renewable.js';
import { within } from '../../../core/time/within.js';

/** Time after which a topic that was there counts as gone, milliseconds: a broker that has just started does not know all of them yet. */
export const SURE_AFTER_MS = 2_000;
/** Pause before a broker, maybe another one, is asked again, milliseconds. */
export const ASK_AGAIN_MS = 100;

/** Options of `TopicAdmin`. */
export interface TopicAdminOptions {
  readonly admin: Renewable<Admin>;
  readonly clock: Clock;
  /** Longest time of a call, milliseconds. */
  readonly timeoutMs: number;
}

/** A topic as the brokers know it. */
export interface TopicDescription {
  readonly partitions: number;
  /** Whether every partition has a leader. */
  readonly led: boolean;
}

/** Offsets of a partition: the first that is kept and the next to be written. */
export interface PartitionRange {
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

/** A call that fails is made once more on a new connection: an old one may be dead, or kafkajs may still ask for topics that were deleted. */
export class TopicAdmin {
  /** Numbers of partitions as last seen; only ever a hint, because topics can be deleted. */
  private readonly counts = new Map<string, number>();

  constructor(private readonly options: TopicAdminOptions) {}

  /** Does something with the admin client within the time of a call. `what` as in "Reading the metadata of Kafka". */
  async use<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.options;
    try {
      return await within({ clock, ms: timeoutMs, what }, this.tryTwice(work));
    } catch (error) {
      throw toMaridError(error, what);
    }
  }

  /** A topic, or `null` where it does not exist. */
  async describe(topic: string): Promise<TopicDescription | null> {
    const found = await this.use(`Looking up the topic ${topic}`, (admin) => lookUp(admin, topic));
    if (found !== null) this.counts.set(topic, found.partitions);
    return found;
  }

  /** Number of partitions. `NOT_FOUND` where the topic does not exist; one that was seen before is asked for again and again until that is sure. */
  async partitions(topic: string): Promise<number> {
    const { clock } = this.options;
    const sureAt = clock.monotonic() + (this.counts.has(topic) ? SURE_AFTER_MS : 0);
    for (;;) {
      const description = await this.describe(topic);
      if (description !== null) return description.partitions;
      if (clock.monotonic() >= sureAt) {
        this.counts.delete(topic);
        throw missingTopic(topic);
      }
      await clock.sleep(ASK_AGAIN_MS);
    }
  }

  /** Offsets of all partitions, in their order. `NOT_FOUND` where the topic does not exist. */
  async ranges(topic: string): Promise<readonly PartitionRange[]> {
    await this.partitions(topic);
    const ranges = await this.use(`Reading the offsets of ${topic}`, (admin) => admin.fetchTopicOffsets(topic));
    return ranges
      .map((each) => ({ partition: each.partition, low: Number(each.low), high: Number(each.high) }))
      .toSorted((a, b) => a.partition - b.partition);
  }

  /** Next offset of all partitions. */
  async endOffsets(topic: string): Promise<readonly PartitionOffset[]> {
    return (await this.ranges(topic)).map(({ partition, high }) => ({ topic, partition, offset: high }));
  }

  /** Offset of the first record of a partition that was appended at this time or later; its end if there is none. */
  async firstSince({ topic, partition }: TopicPartition, appendedAt: number): Promise<number> {
    const found = await this.use(`Reading the offsets of ${topic}`, (admin) =>
      admin.fetchTopicOffsetsByTimestamp(topic, appendedAt),
    );
    const offset = found.find((each) => each.partition === partition)?.offset;
    if (offset === undefined) throw missingPartition(topic, partition);
    return Number(offset);
  }

  /** Throws `NOT_FOUND` if a record goes to a partition that does not exist. What was seen once is believed unless `fresh`. */
  async checkPlaces(records: readonly LogRecord[], options: { readonly fresh: boolean }): Promise<void> {
    const highest = new Map<string, number>();
    for (const { topic, partition } of records) {
      if (!Number.isInteger(partition) || partition < 0) throw missingPartition(topic, partition);
      highest.set(topic, Math.max(partition, highest.get(topic) ?? 0));
    }
    for (const [topic, partition] of highest) {
      const known = options.fresh ? undefined : this.counts.get(topic);
      if (known !== undefined && partition < known) continue;
      if (partition >= (await this.partitions(topic))) throw missingPartition(topic, partition);
    }
  }

  private async tryTwice<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const { admin } = this.options;
    const first = await admin.get();
    try {
      return await work(first);
    } catch {
      admin.discard(first);
      return await work(await admin.get());
    }
  }
}

/** Types of the errors that say that there is no such topic. */
const MISSING: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION']);

async function lookUp(admin: Admin, topic: string): Promise<TopicDescription | null> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = topics.find((each) => each.name === topic)?.partitions ?? [];
    return { partitions: partitions.length, led: partitions.every((each) => each.leader >= 0) };
  } catch (error) {
    if (errorNames(error).some((name) => MISSING.has(name))) return null;
    throw error;
  }
}

/** The error for a topic that does not exist. */
export function missingTopic(topic: string): MaridError {
  return new MaridError('NOT_FOUND', `The log has no topic ${topic}: create it with ensureTopics first.`);
}

function missingPartition(topic: string, partition: number): MaridError {
  return new MaridError('NOT_FOUND', `The topic ${topic} has no partition ${String(partition)}.`);
}
