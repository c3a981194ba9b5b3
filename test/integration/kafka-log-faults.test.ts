/** The Kafka engine behind a network that breaks: answers lost, connections cut, half open and slow. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { KafkaTopicLog } from '../../infra/log/kafka/kafka-topic-log.js';
import { describeEngine } from '../support/engines.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { uniqueName } from '../support/job-fixtures.js';
import { connectKafkaLog, KafkaHarness, textRecord } from '../support/kafka.js';

await describeEngine('kafka', (url) => {
  /** Sees what is really there. */
  const direct = KafkaHarness.define(url);
  let proxy: FaultProxy;
  /** Everything that it does goes through the proxy. */
  let log: KafkaTopicLog;
  const times = { requestTimeoutMs: 700, callTimeoutMs: 4_000 };

  beforeAll(async () => {
    proxy = await FaultProxy.open(url.split(',')[0] ?? '');
    log = await connectKafkaLog(proxy.url, { ...times, route: () => proxy.address });
  });
  afterEach(() => {
    proxy.fault = { kind: 'none' };
  });
  afterAll(async () => {
    await log.close();
    await proxy.close();
  });

  /** Texts of a partition as stored, in order. */
  const stored = async (topic: string, partition: number): Promise<readonly string[]> => {
    const end = (await direct.log.endOffsets({ topic }))[partition]?.offset ?? 0;
    const reader = await direct.readAll(topic);
    await reader.until((all) => all.some((each) => each.partition === partition && each.offset === end - 1));
    return reader.received.filter((each) => each.partition === partition).map((each) => each.key);
  };
  const warm = async (partitions: number): Promise<string> => {
    const topic = await direct.newTopic(partitions);
    await log.produce({ records: [textRecord(topic, 0, 'first')] });
    return topic;
  };

  describe('a produce', () => {
    test('that is stored and whose answer is lost is repeated on the same partition, and resolves', async () => {
      const topic = await warm(4);
      proxy.fault = { kind: 'lost-answers' };
      const produced = log.produce({ records: [textRecord(topic, 3, 'twice')] });
      await direct.log.endOffsets({ topic });
      const reader = await direct.readAll(topic);
      await reader.until((all) => all.some((each) => each.key === 'twice'));
      proxy.fault = { kind: 'none' };
      await produced;
      const texts = await stored(topic, 3);
      expect(new Set(texts)).toEqual(new Set(['twice']));
      expect(texts.length).toBeGreaterThanOrEqual(2);
    });

    test('whose answers never come is rejected in time, as unknown', async () => {
      const topic = await warm(1);
      proxy.fault = { kind: 'lost-answers' };
      const startedAt = performance.now();
      const outcome: unknown = await log
        .produce({ records: [textRecord(topic, 0, 'unknown')] })
        .catch((error: unknown) => error);
      expect(outcome).toMatchObject({ name: 'MaridError', retryable: true });
      expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain((outcome as { readonly code: string }).code);
      expect(performance.now() - startedAt).toBeLessThan(4_500);
      proxy.fault = { kind: 'none' };
      await log.produce({ records: [textRecord(topic, 0, 'known')] });
      expect((await stored(topic, 0)).at(-1)).toBe('known');
    });

    test('goes on over connections that are half open, on new ones', async () => {
      const topic = await warm(1);
      const before = proxy.connections;
      proxy.fault = { kind: 'half-open' };
      const produced = log.produce({ records: [textRecord(topic, 0, 'through')] });
      // The first request is given up, and the next connection gets no answer either.
      await until(() => proxy.connections > before);
      proxy.fault = { kind: 'none' };
      await produced;
      expect(await stored(topic, 0)).toContain('through');
    });

    test('keeps each partition and its order while connections are cut again and again', async () => {
      const topic = await warm(3);
      const calls: Promise<void>[] = [];
      for (let round = 0; round < 20; round += 1) {
        const records = [0, 1, 2].map((partition) =>
          textRecord(topic, partition, `${String(partition)}:${String(round)}`),
        );
        calls.push(log.produce({ records }));
        if (round % 5 === 2) proxy.cut();
        await Promise.race([calls.at(-1), proxy.passed(1)]);
      }
      await Promise.all(calls);
      for (const partition of [0, 1, 2]) {
        const firsts = [...new Set(await stored(topic, partition))].filter((text) => text !== 'first');
        expect(firsts).toEqual(Array.from({ length: 20 }, (_, round) => `${String(partition)}:${String(round)}`));
      }
    });

    test('is only slower on a slow network', async () => {
      const topic = await warm(1);
      proxy.fault = { kind: 'none', delayMs: 100 };
      await log.produce({ records: [textRecord(topic, 0, 'slow')] });
      expect(await stored(topic, 0)).toEqual(['first', 'slow']);
    });
  });

  describe('a reader', () => {
    test.each([
      ['refuse', { kind: 'refuse' }],
      ['half open', { kind: 'half-open' }],
    ] as const)('goes on by itself after a network that was down (%s)', async (_, fault) => {
      const topic = await warm(1);
      const received: string[] = [];
      const subscription = await log.subscribe({
        topics: [topic],
        start: { kind: 'group', group: uniqueName('group') },
        onRecords: (records) => received.push(...records.map((record) => record.key)),
        onBroken: (error) => received.push(`broken: ${String(error)}`),
      });
      await until(() => received.includes('first'));
      proxy.fault = fault;
      const refused = subscription.commit({ offsets: [{ topic, partition: 0, offset: 1 }] });
      await expect(refused).rejects.toMatchObject({ name: 'MaridError', retryable: true });
      await direct.produce(topic, 0, 'meanwhile');
      proxy.fault = { kind: 'none' };
      await until(() => received.includes('meanwhile'));
      await subscription.commit({ offsets: [{ topic, partition: 0, offset: 2 }] });
      expect(received.filter((text) => text.startsWith('broken'))).toEqual([]);
      await subscription.close();
    });

    test('closes in bounded time while the network is half open', async () => {
      const topic = await warm(1);
      const own = await connectKafkaLog(proxy.url, { ...times, route: () => proxy.address });
      const subscription = await own.subscribe({
        topics: [topic],
        start: { kind: 'group', group: uniqueName('group') },
        onRecords: () => undefined,
        onBroken: () => undefined,
      });
      proxy.fault = { kind: 'half-open' };
      const startedAt = performance.now();
      await subscription.close();
      await own.close();
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    });

    test('a commit whose answer is lost is not told to be durable', async () => {
      const topic = await warm(1);
      const received: string[] = [];
      const subscription = await log.subscribe({
        topics: [topic],
        start: { kind: 'group', group: uniqueName('group') },
        onRecords: (records) => received.push(...records.map((record) => record.key)),
        onBroken: () => undefined,
      });
      await until(() => received.length > 0);
      proxy.fault = { kind: 'lost-answers' };
      const commit = subscription.commit({ offsets: [{ topic, partition: 0, offset: 1 }] });
      await expect(commit).rejects.toMatchObject({ retryable: true });
      proxy.fault = { kind: 'none' };
      await subscription.close();
    });
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
