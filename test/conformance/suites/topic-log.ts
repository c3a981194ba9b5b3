/** What every `TopicLog` does. Topics and groups are new in each test. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LogRecord, TopicLog } from '../../../core/ports/topic-log.js';
import { uniqueName } from '../../support/job-fixtures.js';
import { Reader } from '../../support/log-reader.js';

/** A log under test. */
export interface TopicLogHarness {
  readonly log: TopicLog;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;

/** Runs the suite. `open` gives a log that it may keep for all tests. */
export function topicLogSuite(product: string, open: () => Promise<TopicLogHarness>): void {
  describe(`TopicLog: ${product}`, () => {
    let harness: TopicLogHarness;
    let log: TopicLog;
    beforeAll(async () => {
      harness = await open();
      log = harness.log;
    });
    afterAll(() => harness.close());

    const newTopic = async (partitions: number): Promise<string> => {
      const topic = uniqueName('topic');
      await log.ensureTopics({ topics: [{ topic, partitions, retentionMs: HOUR_MS }] });
      return topic;
    };
    const produce = (topic: string, partition: number, ...texts: readonly string[]): Promise<void> =>
      log.produce({ records: texts.map((text) => textRecord(topic, partition, text)) });
    const join = (topic: string, group: string): Promise<Reader> =>
      Reader.open(log, { topics: [topic], start: { kind: 'group', group } });
    const readAll = (
      topic: string,
      positions: readonly { partition: number; offset: number }[] = [],
    ): Promise<Reader> =>
      Reader.open(log, {
        topics: [topic],
        start: { kind: 'positions', positions: positions.map((each) => ({ topic, ...each })) },
      });

    describe('topics', () => {
      test('partitions are added and never taken away', async () => {
        const topic = await newTopic(2);
        expect(await log.partitions({ topic })).toBe(2);
        await log.ensureTopics({ topics: [{ topic, partitions: 4, retentionMs: HOUR_MS }] });
        expect(await log.partitions({ topic })).toBe(4);
        await log.ensureTopics({ topics: [{ topic, partitions: 1, retentionMs: HOUR_MS }] });
        expect(await log.partitions({ topic })).toBe(4);
      });

      test('a topic that does not exist is NOT_FOUND everywhere', async () => {
        const topic = uniqueName('topic');
        const missing = { name: 'MaridError', code: 'NOT_FOUND' };
        await expect(log.partitions({ topic })).rejects.toMatchObject(missing);
        await expect(log.endOffsets({ topic })).rejects.toMatchObject(missing);
        await expect(produce(topic, 0, 'x')).rejects.toMatchObject(missing);
        await expect(readAll(topic)).rejects.toMatchObject(missing);
      });
    });

    describe('produce', () => {
      test('records come back whole, with offset and time', async () => {
        const topic = await newTopic(1);
        const bytes = Uint8Array.from({ length: 512 }, (_, index) => index % 256).subarray(100, 400);
        const records: LogRecord[] = [
          { topic, partition: 0, key: 'key 🦊', value: bytes, headers: { 'content-type': 'x/y', empty: '' } },
          { topic, partition: 0, key: '', value: new Uint8Array(0), headers: {} },
        ];
        await log.produce({ records });
        const reader = await readAll(topic);
        const [first, second] = await reader.take(2);
        expect(first).toMatchObject({ ...records[0], value: expect.anything(), offset: 0 });
        expect(second).toMatchObject({ ...records[1], value: expect.anything(), offset: 1 });
        expect([...(first?.value ?? [])]).toEqual([...bytes]);
        expect(second?.value).toHaveLength(0);
        expect(first?.appendedAt).toBeGreaterThan(0);
        expect(second?.appendedAt).toBeGreaterThanOrEqual(first?.appendedAt ?? Infinity);
        await reader.close();
      });

      test('each partition keeps its order, over many calls and batches', async () => {
        const topic = await newTopic(3);
        const calls = Array.from({ length: 60 }, (_, call) =>
          Array.from({ length: 30 }, (_unused, index) =>
            textRecord(topic, call % 3, `${String(call)}:${String(index)}`),
          ),
        );
        for (const records of calls) await log.produce({ records });
        const reader = await readAll(topic);
        const all = await reader.take(1800);
        for (const partition of [0, 1, 2]) {
          const mine = all.filter((record) => record.partition === partition);
          const sent = calls.filter((_, call) => call % 3 === partition).flat();
          expect(mine.map((record) => Buffer.from(record.value).toString())).toEqual(sent.map((each) => each.key));
          expect(mine.map((record) => record.offset)).toEqual(sent.map((_, index) => index));
        }
        await reader.close();
      });

      test('the end offsets are the next to be written', async () => {
        const topic = await newTopic(2);
        await produce(topic, 1, 'a', 'b', 'c');
        const ends = await log.endOffsets({ topic });
        expect(ends.toSorted((a, b) => a.partition - b.partition)).toEqual([
          { topic, partition: 0, offset: 0 },
          { topic, partition: 1, offset: 3 },
        ]);
      });

      test('nothing to append is fine', async () => {
        await log.produce({ records: [] });
      });
    });

    describe('a reader with positions', () => {
      test('starts where it was told, elsewhere at the first record, and goes on with what comes', async () => {
        const topic = await newTopic(2);
        await produce(topic, 0, 'a', 'b', 'c');
        await produce(topic, 1, 'x');
        const reader = await readAll(topic, [{ partition: 0, offset: 2 }]);
        expect((await reader.takeTexts(2)).toSorted()).toEqual(['c', 'x']);
        await produce(topic, 0, 'd');
        expect(await reader.takeTexts(1)).toEqual(['d']);
        await reader.close();
      });

      test('a position at the end waits for the next record', async () => {
        const topic = await newTopic(1);
        await produce(topic, 0, 'old');
        const reader = await readAll(topic, [{ partition: 0, offset: 1 }]);
        await produce(topic, 0, 'new');
        expect(await reader.takeTexts(1)).toEqual(['new']);
        await reader.close();
      });

      test('every reader gets every record, and commits nothing', async () => {
        const topic = await newTopic(1);
        const [first, second] = [await readAll(topic), await readAll(topic)];
        await produce(topic, 0, 'a', 'b');
        expect(await first.takeTexts(2)).toEqual(['a', 'b']);
        expect(await second.takeTexts(2)).toEqual(['a', 'b']);
        await first.subscription.commit({ offsets: [{ topic, partition: 0, offset: 2 }] });
        await Promise.all([first.close(), second.close()]);
        const third = await readAll(topic);
        expect(await third.takeTexts(2)).toEqual(['a', 'b']);
        await third.close();
      });

      test('no callback comes after close', async () => {
        const topic = await newTopic(1);
        const [closed, open] = [await readAll(topic), await readAll(topic)];
        await closed.close();
        await closed.close();
        await produce(topic, 0, 'late');
        expect(await open.takeTexts(1)).toEqual(['late']);
        expect(closed.buffered).toBe(0);
        await open.close();
      });
    });

    describe('a group', () => {
      test('shares the partitions, each with one member, and tells every member', async () => {
        const topic = await newTopic(4);
        const group = uniqueName('group');
        const first = await join(topic, group);
        await first.untilAssigned(4);
        const second = await join(topic, group);
        await Promise.all([first.untilAssigned(2), second.untilAssigned(2)]);
        const all = [...first.assigned, ...second.assigned].map((each) => each.partition);
        expect(all.toSorted()).toEqual([0, 1, 2, 3]);
        for (const partition of [0, 1, 2, 3]) await produce(topic, partition, String(partition));
        const texts = [...(await first.takeTexts(2)), ...(await second.takeTexts(2))];
        expect(texts.toSorted()).toEqual(['0', '1', '2', '3']);
        await second.close();
        await first.untilAssigned(4);
        await first.close();
      });

      test('goes on at what it committed, and sees again what it did not', async () => {
        const topic = await newTopic(1);
        const group = uniqueName('group');
        await produce(topic, 0, 'a', 'b', 'c');
        const first = await join(topic, group);
        expect(await first.takeTexts(3)).toEqual(['a', 'b', 'c']);
        await first.subscription.commit({ offsets: [{ topic, partition: 0, offset: 1 }] });
        await first.close();
        const second = await join(topic, group);
        expect(await second.takeTexts(2)).toEqual(['b', 'c']);
        await second.subscription.commit({ offsets: [{ topic, partition: 0, offset: 3 }] });
        await second.close();
        await produce(topic, 0, 'd');
        const third = await join(topic, group);
        expect(await third.takeTexts(1)).toEqual(['d']);
        await third.close();
      });

      test('a partition that moves to another member starts at its committed offset', async () => {
        const topic = await newTopic(2);
        const group = uniqueName('group');
        await produce(topic, 0, 'a0', 'b0');
        await produce(topic, 1, 'a1', 'b1');
        const first = await join(topic, group);
        await first.take(4);
        const settled = [0, 1].map((partition) => ({ topic, partition, offset: 1 }));
        await first.subscription.commit({ offsets: settled });
        const second = await join(topic, group);
        await second.untilAssigned(1);
        expect(await second.takeTexts(1)).toEqual([`b${String(second.assigned[0]?.partition)}`]);
        await Promise.all([first.close(), second.close()]);
      });

      test('groups do not disturb each other', async () => {
        const topic = await newTopic(1);
        await produce(topic, 0, 'a');
        const readers = [await join(topic, uniqueName('group')), await join(topic, uniqueName('group'))];
        for (const reader of readers) expect(await reader.takeTexts(1)).toEqual(['a']);
        await Promise.all(readers.map((reader) => reader.close()));
      });
    });

    test('a pause stops a topic soon and a resume goes on without a gap', async () => {
      const [held, free] = [await newTopic(1), await newTopic(1)];
      const group = uniqueName('group');
      const reader = await Reader.open(log, { topics: [held, free], start: { kind: 'group', group } });
      await reader.untilAssigned(2);
      reader.subscription.pause({ topics: [held] });
      reader.subscription.pause({ topics: [held] });
      const sent = Array.from({ length: 1500 }, (_, index) => String(index));
      await produce(held, 0, ...sent);
      await produce(free, 0, 'passes');
      await reader.until((records) => records.some((record) => record.topic === free));
      expect(reader.received.filter((record) => record.topic === held).length).toBeLessThanOrEqual(500);
      reader.subscription.resume({ topics: [held] });
      await reader.until((records) => records.length >= 1501);
      const texts = reader.received.filter((record) => record.topic === held).map((record) => record.key);
      expect(texts).toEqual(sent);
      await reader.close();
    });

    test('no call brings more than 500 records', async () => {
      const topic = await newTopic(1);
      await produce(topic, 0, ...Array.from({ length: 1200 }, (_, index) => String(index)));
      const reader = await readAll(topic);
      await reader.take(1200);
      expect(Math.max(...reader.callSizes)).toBeLessThanOrEqual(500);
      await reader.close();
    });
  });
}

/** A record whose key and value are both the text. */
function textRecord(topic: string, partition: number, text: string): LogRecord {
  return { topic, partition, key: text, value: Buffer.from(text), headers: {} };
}
