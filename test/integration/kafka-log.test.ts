/** The rules that the Kafka engine keeps beside the suite, on a real broker: topics, produce, health and the end. */
import { describe, expect, test } from '@jest/globals';
import { describeEngine } from '../support/engines.js';
import { eventually } from '../support/eventually.js';
import { uniqueName } from '../support/job-fixtures.js';
import { connectKafkaLog, HOUR_MS, KafkaHarness, textRecord, withAdmin } from '../support/kafka.js';
import { Reader } from '../support/log-reader.js';
import { QuietLogger } from '../support/quiet-logger.js';

/** How Kafka numbers topics among the resources that have settings. */
const TOPIC_RESOURCE = 2;

await describeEngine('kafka', (url) => {
  const kafka = KafkaHarness.define(url);

  describe('ensureTopics', () => {
    const settingsOf = async (topic: string): Promise<Readonly<Record<string, string>>> => {
      const { resources } = await withAdmin(url, (admin) =>
        admin.describeConfigs({ includeSynonyms: false, resources: [{ type: TOPIC_RESOURCE, name: topic }] }),
      );
      return Object.fromEntries(
        resources.flatMap((each) => each.configEntries.map((e) => [e.configName, e.configValue])),
      );
    };

    test('a topic is made with the settings that Marid relies on', async () => {
      expect(await settingsOf(await kafka.newTopic(1))).toMatchObject({
        'message.timestamp.type': 'LogAppendTime',
        'retention.ms': String(HOUR_MS),
        'cleanup.policy': 'delete',
      });
    });

    test('a topic that was there is left as it is, and each setting that differs is logged once', async () => {
      const topic = uniqueName('topic');
      await withAdmin(url, (admin) =>
        admin.createTopics({
          waitForLeaders: false,
          topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'retention.ms', value: '1234000' }] }],
        }),
      );
      await kafka.ensure(topic, 1);
      const warnings = kafka.logger.lines.filter((line) => line.level === 'warn' && line.fields['topic'] === topic);
      expect(warnings.map((line) => line.fields)).toMatchObject([
        { setting: 'message.timestamp.type', actual: 'CreateTime', expected: 'LogAppendTime' },
        { setting: 'retention.ms', actual: '1234000', expected: String(HOUR_MS) },
      ]);
      expect(await settingsOf(topic)).toMatchObject({ 'retention.ms': '1234000' });
    });

    test('many that make the same topics at once all succeed', async () => {
      const topics = [1, 2].map((partitions) => ({ topic: uniqueName('topic'), partitions, retentionMs: HOUR_MS }));
      await Promise.all(Array.from({ length: 5 }, () => kafka.log.ensureTopics({ topics })));
      for (const { topic, partitions } of topics) expect(await kafka.log.partitions({ topic })).toBe(partitions);
    });
  });

  describe('produce', () => {
    test('every record is on the partition that was chosen for it, also without a key', async () => {
      const topic = await kafka.newTopic(5);
      const records = Array.from({ length: 300 }, (_, index) => ({
        ...textRecord(topic, (index * 7) % 5, String(index)),
        ...(index % 2 === 0 ? { key: '' } : {}),
      }));
      await Promise.all(records.map((record) => kafka.log.produce({ records: [record] })));
      const reader = await kafka.readAll(topic);
      const placed = new Map<string, number>();
      while (placed.size < records.length) {
        // At least once: a record that is repeated must be where it was.
        for (const { value, partition } of await reader.take(1)) {
          const text = Buffer.from(value).toString();
          expect([text, placed.get(text) ?? partition]).toEqual([text, partition]);
          placed.set(text, partition);
        }
      }
      expect(Object.fromEntries(placed)).toEqual(
        Object.fromEntries(records.map((r, index) => [String(index), r.partition])),
      );
    });

    test('what goes to a partition that does not exist is refused, and does not hurt those that share its request', async () => {
      const topic = await kafka.newTopic(1);
      const bad = [1, -1, 0.5].map((partition) =>
        expect(kafka.produce(topic, partition, 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' }),
      );
      await Promise.all([...bad, kafka.produce(topic, 0, 'good')]);
      expect(await (await kafka.readAll(topic)).takeTexts(1)).toEqual(['good']);
    });

    test('a record that is too large is refused for good', async () => {
      const topic = await kafka.newTopic(1);
      const record = { ...textRecord(topic, 0, 'large'), value: new Uint8Array(2_000_000) };
      await expect(kafka.log.produce({ records: [record] })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        retryable: false,
      });
      await kafka.produce(topic, 0, 'small');
    });

    test('one topic that was deleted does not stop the others', async () => {
      const [gone, kept] = [await kafka.newTopic(1), await kafka.newTopic(1)];
      await Promise.all([kafka.produce(gone, 0, 'x'), kafka.produce(kept, 0, 'a')]);
      await withAdmin(url, (admin) => admin.deleteTopics({ topics: [gone] }));
      await expect(kafka.produce(gone, 0, 'y')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await Promise.all([
        kafka.produce(kept, 0, 'b'),
        expect(kafka.produce(gone, 0, 'z')).rejects.toMatchObject({ code: 'NOT_FOUND' }),
      ]);
      expect((await kafka.log.endOffsets({ topic: kept }))[0]?.offset).toBe(2);
    });
  });

  describe('the log as a whole', () => {
    test('a callback that throws breaks its own subscription only', async () => {
      const topic = await kafka.newTopic(1);
      const broken = new Promise<Error>((resolve) => {
        void kafka.log.subscribe({
          topics: [topic],
          start: { kind: 'positions', positions: [] },
          onRecords: () => {
            throw new TypeError('the reader broke');
          },
          onBroken: resolve,
        });
      });
      const reader = await kafka.join(topic, uniqueName('group'));
      await kafka.produce(topic, 0, 'a');
      expect((await broken).message).toBe('the reader broke');
      expect(await reader.takeTexts(1)).toEqual(['a']);
    });

    test('tells how its subscriptions are', async () => {
      const topic = await kafka.newTopic(1);
      const reader = await kafka.join(topic, uniqueName('group'));
      await reader.untilAssigned(1);
      expect(kafka.log.health.healthy).toBe(true);
      const mine = kafka.log.health.subscriptions.find((each) => each.topics.includes(topic));
      expect(mine).toMatchObject({ joined: true });
      expect(mine?.silentMs).toBeLessThan(5_000);
    });

    test('after close nothing is left: no connection, no callback, no further use', async () => {
      const before = process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length;
      const own = await connectKafkaLog(url);
      const topic = await kafka.newTopic(1);
      const reader = await Reader.open(own, { topics: [topic], start: { kind: 'group', group: uniqueName('group') } });
      await own.produce({ records: [textRecord(topic, 0, 'a')] });
      await reader.take(1);
      await own.close();
      await own.close();
      await kafka.produce(topic, 0, 'b');
      await eventually(
        'no connection',
        () => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length <= before,
      );
      expect(reader.buffered).toBe(0);
      await expect(own.partitions({ topic })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('brokers that are not there are UNAVAILABLE, and credentials appear nowhere', async () => {
      const sasl = { mechanism: 'plain', username: 'user', password: 'top-secret' } as const;
      const lines = new QuietLogger();
      const attempt = connectKafkaLog('127.0.0.1:1', { logger: lines, sasl });
      await expect(attempt).rejects.toMatchObject({ name: 'MaridError', code: 'UNAVAILABLE' });
      const error: unknown = await attempt.catch((caught: unknown) => caught);
      expect(JSON.stringify([lines.lines, String(error)])).not.toContain('top-secret');
    });
  });
});
