/** The Kafka engine while brokers are killed, frozen and restarted: servers of its own, because it breaks them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LogSubscription } from '../../core/ports/topic-log.js';
import { NativeStack, type NativeEngine } from '../../infra/deploy/native/native-stack.js';
import type { KafkaTopicLog } from '../../infra/log/kafka/kafka-topic-log.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { findEngine } from '../support/engines.js';
import { eventually } from '../support/eventually.js';
import { uniqueName } from '../support/job-fixtures.js';
import { connectKafkaLog, HOUR_MS, textRecord, withAdmin } from '../support/kafka.js';

const found = await findEngine('kafka');
const onNativeStack = found?.source === 'native stack' ? describe : describe.skip;
const START_MS = 120_000;

/** What one member of a group gets. */
class Ledger {
  readonly seen = new Set<string>();
  subscription: LogSubscription | null = null;
  broken: Error | null = null;

  static async open(log: KafkaTopicLog, topic: string): Promise<Ledger> {
    const ledger = new Ledger();
    ledger.subscription = await log.subscribe({
      topics: [topic],
      start: { kind: 'group', group: uniqueName('group') },
      onRecords: (records) => {
        for (const record of records) ledger.seen.add(record.key);
      },
      onBroken: (error) => {
        ledger.broken = error;
      },
    });
    return ledger;
  }

  /** Commits the first record of the first partition. */
  async commit(topic: string): Promise<void> {
    await this.subscription?.commit({ offsets: [{ topic, partition: 0, offset: 1 }] });
  }

  /** Resolves when all of these have come. */
  async holds(acknowledged: readonly string[], timeoutMs = 40_000): Promise<void> {
    await eventually('all that was acknowledged', () => acknowledged.every((text) => this.seen.has(text)), timeoutMs);
  }
}

/** Produces one record after the other, several at a time, until told to stop; knows which were acknowledged and how long the longest call took. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly failures: unknown[] = [];
  longestMs = 0;
  private stopped = false;
  private readonly workers: Promise<void>[];
  private count = 0;

  constructor(
    private readonly log: KafkaTopicLog,
    private readonly topic: string,
    private readonly partitions: number,
  ) {
    this.workers = Array.from({ length: 8 }, () => this.work());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.workers);
  }

  private async work(): Promise<void> {
    while (!this.stopped) {
      const [text, partition] = [String(this.count), this.count % this.partitions];
      this.count += 1;
      const startedAt = performance.now();
      try {
        await this.log.produce({ records: [textRecord(this.topic, partition, text)] });
        this.acknowledged.push(text);
      } catch (error) {
        this.failures.push(error);
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - startedAt);
    }
  }
}

onNativeStack.each([1, 3] as const)('KafkaTopicLog over %i broker(s)', (brokers) => {
  const stack = new NativeStack({ environment: process.env, clock: new SystemClock(), random: new SystemRandom() });
  // Where the number makes no difference, one is enough.
  const [testWith1, testWith3] = [brokers === 1 ? test : null, brokers === 3 ? test : null];
  let engine: NativeEngine;
  let url: string;
  let log: KafkaTopicLog;

  beforeAll(async () => {
    engine = await stack.start('kafka', { brokers });
    url = engine.urls[0] ?? '';
    log = await connectKafkaLog(url, { requestTimeoutMs: 2_000 });
  }, START_MS);
  afterAll(async () => {
    await log.close();
    await stack.stop();
  }, START_MS);

  const newTopic = async (partitions: number): Promise<string> => {
    const topic = uniqueName('topic');
    await log.ensureTopics({ topics: [{ topic, partitions, retentionMs: HOUR_MS }] });
    return topic;
  };
  const leaderOf = async (topic: string): Promise<number> => {
    const { topics } = await withAdmin(url, (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
    return topics[0]?.partitions[0]?.leader ?? 1;
  };

  test(
    'nothing acknowledged is lost when a broker is killed while records are written and read',
    async () => {
      const topic = await newTopic(6);
      const ledger = await Ledger.open(log, topic);
      const writer = new Writer(log, topic, 6);
      await eventually('writing', () => writer.acknowledged.length > 300);
      const server = engine.servers[(await leaderOf(topic)) - 1] ?? engine.servers[0];
      await server?.kill();
      const atKill = writer.acknowledged.length;
      if (brokers === 1) await server?.start();
      await eventually('writing again', () => writer.acknowledged.length > atKill + 300, 40_000);
      await writer.stop();
      await ledger.holds(writer.acknowledged);
      expect(ledger.broken).toBeNull();
      expect(writer.longestMs).toBeLessThan(12_000);
      expect(writer.failures.every((error) => (error as { retryable?: boolean }).retryable)).toBe(true);
      await server?.start();
      await ledger.subscription?.close();
    },
    START_MS,
  );

  testWith3?.(
    'a frozen broker makes calls late or fail, in bounded time, and loses nothing',
    async () => {
      const topic = await newTopic(6);
      const ledger = await Ledger.open(log, topic);
      const writer = new Writer(log, topic, 6);
      await eventually('writing', () => writer.acknowledged.length > 100);
      const server = engine.servers[(await leaderOf(topic)) - 1] ?? engine.servers[0];
      server?.freeze();
      await new Promise((resolve) => setTimeout(resolve, 6_000)); // the time itself is what is tested
      server?.thaw();
      const atThaw = writer.acknowledged.length;
      await eventually('writing again', () => writer.acknowledged.length > atThaw + 100, 40_000);
      await writer.stop();
      await ledger.holds(writer.acknowledged);
      expect(ledger.broken).toBeNull();
      expect(writer.longestMs).toBeLessThan(12_000);
      await ledger.subscription?.close();
    },
    START_MS,
  );

  testWith1?.(
    'with all brokers down every call ends in bounded time, and all goes on when they are back',
    async () => {
      const topic = await newTopic(1);
      const ledger = await Ledger.open(log, topic);
      await log.produce({ records: [textRecord(topic, 0, 'before')] });
      await ledger.holds(['before']);
      await Promise.all(engine.servers.map((server) => server.kill()));
      const startedAt = performance.now();
      const calls = [
        log.produce({ records: [textRecord(topic, 0, 'lost')] }),
        log.endOffsets({ topic }),
        log.partitions({ topic }),
        log.ensureTopics({ topics: [{ topic, partitions: 1, retentionMs: HOUR_MS }] }),
        ledger.commit(topic),
        Ledger.open(log, topic),
        connectKafkaLog(url),
      ];
      const outcomes = await Promise.allSettled(calls);
      expect(performance.now() - startedAt).toBeLessThan(12_000);
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'MaridError', retryable: true } });
      }
      await Promise.all(engine.servers.map((server) => server.start()));
      await eventually(
        'a produce',
        () =>
          log.produce({ records: [textRecord(topic, 0, 'after')] }).then(
            () => true,
            () => false,
          ),
        40_000,
      );
      await ledger.holds(['before', 'after']);
      await eventually(
        'a commit',
        () =>
          ledger.commit(topic).then(
            () => true,
            () => false,
          ),
        40_000,
      );
      expect(ledger.broken).toBeNull();
      expect(log.health.healthy).toBe(true);
      await ledger.subscription?.close();
    },
    START_MS,
  );
});
