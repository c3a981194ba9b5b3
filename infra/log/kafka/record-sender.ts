/** Appends records to Kafka, and repeats until it knows that they are there or its time is over. */
import type { Producer, RecordMetadata, TopicMessages } from 'kafkajs';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { LogRecord } from '../../../core/ports/topic-log.js';
import { errorNames, toMaridError } from './kafka-errors.js';
import { keyOf, messageOf } from './records.js';
import type { Renewable } from './renewable.js';

/** All replicas in sync have it. */
const ACKS_ALL = -1;

/** Waits between two attempts, milliseconds; the last repeats. */
const BACK_OFF_MS = [50, 100, 200, 400, 800] as const;

/** After these kafkajs has asked for new metadata itself; after all other errors the producer is replaced. */
const REPAIRED: ReadonlySet<string> = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** Options of `RecordSender`. */
export interface RecordSenderOptions {
  readonly producer: Renewable<Producer>;
  /** Throws `NOT_FOUND` for records of topics or partitions that do not exist; asks the brokers anew if `fresh`. */
  readonly checkPlaces: (records: readonly LogRecord[], options: { readonly fresh: boolean }) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Time after which nothing is repeated, milliseconds. */
  readonly giveUpAfterMs: number;
  /** Time that the brokers get to have all replicas confirm, milliseconds. */
  readonly ackTimeoutMs: number;
}

/**
 * kafkajs' own retries are off: they take a partition whose leader moved to a broker that has answered already for stored. A repetition sends the
 * same messages, with the partitions that were chosen for them, and may store them twice.
 */
export class RecordSender {
  constructor(private readonly options: RecordSenderOptions) {}

  /** Resolves when every record is durable. */
  async send(records: readonly LogRecord[]): Promise<void> {
    const { clock, giveUpAfterMs, logger } = this.options;
    const giveUpAt = clock.monotonic() + giveUpAfterMs;
    let left = records;
    for (let attempt = 0; left.length > 0; attempt += 1) {
      try {
        await this.options.checkPlaces(left, { fresh: attempt > 0 });
        left = await this.attempt(left);
        if (left.length === 0) return;
        throw new MaridError('UNAVAILABLE', 'Producing to Kafka failed: not every partition was confirmed.');
      } catch (caught) {
        const error = toMaridError(caught, 'Producing to Kafka');
        const pause = BACK_OFF_MS[Math.min(attempt, BACK_OFF_MS.length - 1)] ?? 0;
        if (!error.retryable || clock.monotonic() + pause >= giveUpAt) throw error;
        logger.debug({ error, records: left.length }, 'records could not be appended; trying again');
        await clock.sleep(pause);
      }
    }
  }

  /** Sends once; returns the records of partitions that were not confirmed. */
  private async attempt(records: readonly LogRecord[]): Promise<readonly LogRecord[]> {
    const producer = await this.options.producer.get();
    try {
      const results = await producer.sendBatch({
        acks: ACKS_ALL,
        timeout: this.options.ackTimeoutMs,
        topicMessages: byTopic(records),
      });
      const left = unconfirmed(records, results);
      if (left.length > 0) this.options.producer.discard(producer);
      return left;
    } catch (error) {
      const names = errorNames(error);
      if (!names.some((name) => REPAIRED.has(name))) this.options.producer.discard(producer);
      // The topic was there a moment ago: whether it still is, the next look tells.
      if (names.includes('UNKNOWN_TOPIC_OR_PARTITION')) throw goneError(error);
      throw error;
    }
  }
}

/** Records of partitions that no broker confirmed: kafkajs leaves those out that it knows no leader of, and resolves. */
function unconfirmed(records: readonly LogRecord[], results: readonly RecordMetadata[]): readonly LogRecord[] {
  const confirmed = new Set(
    results
      .filter((result) => result.errorCode === 0)
      .map((result) => keyOf({ topic: result.topicName, partition: result.partition })),
  );
  return records.filter((record) => !confirmed.has(keyOf(record)));
}

function byTopic(records: readonly LogRecord[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const record of records) {
    const entry = topics.get(record.topic) ?? { topic: record.topic, messages: [] };
    entry.messages.push(messageOf(record));
    topics.set(record.topic, entry);
  }
  return [...topics.values()];
}

function goneError(cause: unknown): MaridError {
  return new MaridError('UNAVAILABLE', 'Producing to Kafka failed: the brokers do not know the partition now.', {
    cause,
  });
}
