/** What tests of the Kafka engine share. */
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { Kafka, logLevel, type Admin, type Consumer } from 'kafkajs';
import type { LogRecord, SubscriptionStart } from '../../core/ports/topic-log.js';
import { KafkaTopicLog } from '../../infra/log/kafka/kafka-topic-log.js';
import type { KafkaTopicLogOptions } from '../../infra/log/kafka/options.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { uniqueName } from './job-fixtures.js';
import { Reader } from './log-reader.js';
import { QuietLogger } from './quiet-logger.js';

/** One hour, in milliseconds. */
export const HOUR_MS = 3_600_000;

/** A log with times that suit tests: members of a group hear of each other within 0.2 s, and of new partitions within 0.5 s. */
export function connectKafkaLog(brokers: string, options: Partial<KafkaTopicLogOptions> = {}): Promise<KafkaTopicLog> {
  return KafkaTopicLog.connect({
    brokers: brokers.split(','),
    clientId: 'marid-test',
    clock: new SystemClock(),
    logger: new QuietLogger(),
    heartbeatIntervalMs: 200,
    sessionTimeoutMs: 10_000,
    metadataMaxAgeMs: 500,
    ...options,
  });
}

/** Does something with a plain admin client of kafkajs. */
export async function withAdmin<T>(brokers: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = plainKafka(brokers).admin({ retry: { retries: 5, initialRetryTime: 100 } });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** A consumer of the same group that assigns partitions in a way of its own: Kafka refuses others while it is there. */
export async function occupyGroup(brokers: string, group: string, topic: string): Promise<Consumer> {
  const consumer = plainKafka(brokers).consumer({
    groupId: group,
    maxWaitTimeInMs: 100,
    partitionAssigners: [
      () => ({
        name: 'Stranger',
        version: 0,
        assign: () => Promise.resolve([]),
        protocol: () => ({ name: 'Stranger', metadata: Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) }),
      }),
    ],
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic] });
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({ eachMessage: () => Promise.resolve() });
  await joined;
  return consumer;
}

/** A record whose key and value are the same text. */
export function textRecord(topic: string, partition: number, text: string): LogRecord {
  return { topic, partition, key: text, value: Buffer.from(text), headers: {} };
}

/** A client that knows nothing of Marid. */
export function plainKafka(brokers: string): Kafka {
  return new Kafka({ brokers: brokers.split(','), clientId: 'marid-test-plain', logLevel: logLevel.NOTHING });
}

/** A log for the tests of a block, with readers that are closed after each test. */
export class KafkaHarness {
  readonly logger = new QuietLogger();
  /** Of this block alone. */
  readonly clientId = uniqueName('marid-test');
  private opened: KafkaTopicLog | null = null;
  private readonly readers: Reader[] = [];

  private constructor(readonly url: string) {}

  /** Registers the hooks of the block that is being defined. */
  static define(url: string, options: Partial<KafkaTopicLogOptions> = {}): KafkaHarness {
    const harness = new KafkaHarness(url);
    beforeAll(async () => {
      harness.opened = await connectKafkaLog(url, { logger: harness.logger, clientId: harness.clientId, ...options });
    });
    afterEach(async () => {
      await Promise.all(harness.readers.splice(0).map((reader) => reader.close()));
    });
    afterAll(() => harness.opened?.close());
    return harness;
  }

  /** The log. */
  get log(): KafkaTopicLog {
    if (this.opened === null) throw new Error('the log is not open yet');
    return this.opened;
  }

  /** Makes a topic of a new name. */
  async newTopic(partitions: number): Promise<string> {
    const topic = uniqueName('topic');
    await this.ensure(topic, partitions);
    return topic;
  }

  /** Makes a topic or adds partitions to it. */
  ensure(topic: string, partitions: number): Promise<void> {
    return this.log.ensureTopics({ topics: [{ topic, partitions, retentionMs: HOUR_MS }] });
  }

  /** Appends texts to a partition. */
  produce(topic: string, partition: number, ...texts: readonly string[]): Promise<void> {
    return this.log.produce({ records: texts.map((text) => textRecord(topic, partition, text)) });
  }

  /** Reads as a member of a group. */
  join(topic: string, group: string): Promise<Reader> {
    return this.read(topic, { kind: 'group', group });
  }

  /** Reads all partitions, the first one from an offset. */
  readAll(topic: string, offset = 0): Promise<Reader> {
    return this.read(topic, { kind: 'positions', positions: [{ topic, partition: 0, offset }] });
  }

  /** How many consumers of a group have crashed. */
  crashesOf(group: string): number {
    return this.logger.lines.filter(
      ({ fields, message }) => fields['group'] === group && /^a Kafka consumer crashed/.test(message),
    ).length;
  }

  private async read(topic: string, start: SubscriptionStart): Promise<Reader> {
    const reader = await Reader.open(this.log, { topics: [topic], start });
    this.readers.push(reader);
    return reader;
  }
}
