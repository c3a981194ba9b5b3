/** How the readers of the Kafka engine fare on a real broker: rebalances, crashes, topics that change under them, places to start. */
import { describe, expect, test } from '@jest/globals';
import type { TopicPartition } from '../../core/ports/topic-log.js';
import { describeEngine } from '../support/engines.js';
import { eventually } from '../support/eventually.js';
import { uniqueName } from '../support/job-fixtures.js';
import { KafkaHarness, occupyGroup, textRecord, withAdmin } from '../support/kafka.js';
import type { Reader } from '../support/log-reader.js';

await describeEngine('kafka', (url) => {
  const kafka = KafkaHarness.define(url);

  describe('a group', () => {
    const keep = async (reader: Reader, topic: string, offset: number): Promise<void> =>
      reader.subscription.commit({ offsets: [{ topic, partition: 0, offset }] });

    test('who keeps a partition over a rebalance gets nothing twice, though nothing was committed', async () => {
      const [topic, group] = [await kafka.newTopic(2), uniqueName('group')];
      for (const partition of [0, 1]) await kafka.produce(topic, partition, 'a', 'b', 'c');
      const first = await kafka.join(topic, group);
      await first.take(6);
      const second = await kafka.join(topic, group);
      await Promise.all([first.untilAssigned(1), second.untilAssigned(1)]);
      expect(await second.takeTexts(3)).toEqual(['a', 'b', 'c']);
      const [kept] = first.assigned as [TopicPartition];
      await kafka.produce(topic, kept.partition, 'd');
      expect(await first.takeTexts(1)).toEqual(['d']);
    });

    test('a pause holds over a rebalance, for all records', async () => {
      const [topic, group] = [await kafka.newTopic(2), uniqueName('group')];
      const first = await kafka.join(topic, group);
      await first.untilAssigned(2);
      first.subscription.pause({ topics: [topic] });
      const second = await kafka.join(topic, group);
      await Promise.all([first.untilAssigned(1), second.untilAssigned(1)]);
      for (const partition of [0, 1]) await kafka.produce(topic, partition, 'x');
      await second.take(1);
      await second.close();
      await first.untilAssigned(2);
      await kafka.produce(topic, 0, 'y');
      expect(first.received).toHaveLength(0);
      first.subscription.resume({ topics: [topic] });
      await first.until((records) => records.some((record) => record.key === 'y'));
    });

    test('only what was said to be settled is committed, and no commit goes back', async () => {
      const [topic, group] = [await kafka.newTopic(1), uniqueName('group')];
      await kafka.produce(topic, 0, 'a', 'b', 'c');
      const reader = await kafka.join(topic, group);
      await reader.take(3);
      await keep(reader, topic, 2);
      await keep(reader, topic, 1);
      const committed = await withAdmin(url, (admin) => admin.fetchOffsets({ groupId: group, topics: [topic] }));
      expect(committed[0]?.partitions[0]?.offset).toBe('2');
    });

    test('a commit for a partition that somebody else reads is refused', async () => {
      const [topic, group] = [await kafka.newTopic(2), uniqueName('group')];
      const [first, second] = [await kafka.join(topic, group), await kafka.join(topic, group)];
      await Promise.all([first.untilAssigned(1), second.untilAssigned(1)]);
      const theirs = second.assigned.map((each) => ({ ...each, offset: 1 }));
      await expect(first.subscription.commit({ offsets: theirs })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await second.subscription.commit({ offsets: theirs });
    });

    test('a group whose offsets were deleted begins at the first record', async () => {
      const [topic, group] = [await kafka.newTopic(1), uniqueName('group')];
      await kafka.produce(topic, 0, 'a', 'b');
      const first = await kafka.join(topic, group);
      await first.take(2);
      await keep(first, topic, 2);
      await first.close();
      await withAdmin(url, (admin) => admin.deleteGroups([group]));
      expect(await (await kafka.join(topic, group)).takeTexts(2)).toEqual(['a', 'b']);
    });

    test('members that come and go lose nothing', async () => {
      const [topic, group] = [await kafka.newTopic(4), uniqueName('group')];
      const steady = await kafka.join(topic, group);
      const seen = new Set<string>();
      const sent: string[] = [];
      for (let round = 0; round < 4; round += 1) {
        const passing = await kafka.join(topic, group);
        const texts = Array.from({ length: 100 }, (_, index) => `${String(round)}:${String(index)}`);
        await kafka.log.produce({ records: texts.map((text, index) => textRecord(topic, index % 4, text)) });
        sent.push(...texts);
        await passing.close(); // what it got was not committed, so it comes to the other one
      }
      await steady.until((records) => {
        for (const record of records) seen.add(record.key);
        return seen.size === sent.length;
      });
    });

    test('Kafka refuses a stranger for as long as it is there, and the subscription then joins by itself', async () => {
      const [topic, group] = [await kafka.newTopic(1), uniqueName('group')];
      const stranger = await occupyGroup(url, group, topic);
      await kafka.produce(topic, 0, 'a');
      const reader = await kafka.join(topic, group);
      await eventually('a crash', () => kafka.crashesOf(group) > 0);
      await stranger.disconnect();
      expect(await reader.takeTexts(1)).toEqual(['a']);
      expect(reader.broken).toBeNull();
    });

    test('after five new consumers in vain it is broken', async () => {
      const [topic, group] = [await kafka.newTopic(1), uniqueName('group')];
      const stranger = await occupyGroup(url, group, topic);
      const reader = await kafka.join(topic, group);
      await eventually('the end', () => reader.broken, 25_000);
      expect(kafka.crashesOf(group)).toBe(5);
      await expect(keep(reader, topic, 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await stranger.disconnect();
    });
  });

  describe('a topic that changes under its readers', () => {
    test('partitions that are added are read', async () => {
      const topic = await kafka.newTopic(1);
      const [member, alone] = [await kafka.join(topic, uniqueName('group')), await kafka.readAll(topic)];
      await kafka.produce(topic, 0, 'a');
      await Promise.all([member.take(1), alone.take(1)]);
      await kafka.ensure(topic, 3);
      await kafka.produce(topic, 2, 'b');
      expect(await member.takeTexts(1)).toEqual(['b']);
      expect(await alone.takeTexts(1)).toEqual(['b']);
    });

    test('a topic that is deleted and made again is read from its start, as one whose partitions went and came', async () => {
      const topic = await kafka.newTopic(1);
      const [member, alone] = [await kafka.join(topic, uniqueName('group')), await kafka.readAll(topic)];
      await kafka.produce(topic, 0, 'a', 'b', 'c');
      await Promise.all([member.take(3), alone.take(3)]);
      await member.subscription.commit({ offsets: [{ topic, partition: 0, offset: 3 }] });
      await withAdmin(url, (admin) => admin.deleteTopics({ topics: [topic] }));
      await kafka.ensure(topic, 1);
      await kafka.produce(topic, 0, 'new a', 'new b');
      expect(await member.takeTexts(2)).toEqual(['new a', 'new b']);
      expect(await alone.takeTexts(2)).toEqual(['new a', 'new b']);
      expect(member.assignments).toBeGreaterThanOrEqual(3);
      await member.untilAssigned(1);
      await member.subscription.commit({ offsets: [{ topic, partition: 0, offset: 1 }] });
    });
  });

  describe('a topic that is deleted, made again and filled beyond what was read, before anybody notices', () => {
    test('is read from its start, by groups and by those with positions', async () => {
      const topic = await kafka.newTopic(1);
      const [member, alone] = [await kafka.join(topic, uniqueName('group')), await kafka.readAll(topic)];
      await kafka.produce(topic, 0, 'a', 'b', 'c');
      await Promise.all([member.take(3), alone.take(3)]);
      await member.subscription.commit({ offsets: [{ topic, partition: 0, offset: 3 }] });
      await new Promise((resolve) => setTimeout(resolve, 1_100)); // as long as anybody needs who deletes a topic
      await withAdmin(url, (admin) => admin.deleteTopics({ topics: [topic] }));
      await kafka.ensure(topic, 1);
      const texts = Array.from({ length: 20 }, (_, index) => `new ${String(index)}`);
      await kafka.produce(topic, 0, ...texts);
      for (const reader of [member, alone]) {
        await reader.until((records) => texts.every((text) => records.some(({ key }) => key === text)));
      }
      await member.untilAssigned(1);
      await member.subscription.commit({ offsets: [{ topic, partition: 0, offset: 20 }] });
    });
  });

  describe('a reader with positions', () => {
    test('a position behind the end is the end', async () => {
      const topic = await kafka.newTopic(1);
      await kafka.produce(topic, 0, 'a', 'b');
      const reader = await kafka.readAll(topic, 1_000_000);
      await kafka.produce(topic, 0, 'c');
      expect(await reader.takeTexts(1)).toEqual(['c']);
    });

    test('a position deep in a long topic is found without reading all before it', async () => {
      const topic = await kafka.newTopic(1);
      const value = new Uint8Array(20_000);
      const records = Array.from({ length: 300 }, (_, index) => ({ ...textRecord(topic, 0, String(index)), value }));
      await kafka.log.produce({ records });
      const reader = await kafka.readAll(topic, 290);
      expect((await reader.take(10)).map((record) => record.offset)).toEqual(
        Array.from({ length: 10 }, (_, i) => 290 + i),
      );
    });

    test('leaves no group behind', async () => {
      const topic = await kafka.newTopic(1);
      const reader = await kafka.readAll(topic);
      await reader.untilAssigned(1);
      await reader.close();
      const { groups } = await withAdmin(url, (admin) => admin.listGroups());
      const offsets = groups.filter(({ groupId }) => groupId.startsWith(kafka.clientId));
      expect(offsets).toEqual([]);
    });
  });
});
