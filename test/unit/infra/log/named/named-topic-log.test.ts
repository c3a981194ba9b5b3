import { expect, test } from '@jest/globals';
import type { StoredRecord, TopicLog, TopicPartition } from '../../../../../core/ports/topic-log.js';
import { EmbeddedTopicLog } from '../../../../../infra/log/embedded/embedded-topic-log.js';
import { NamedTopicLog } from '../../../../../infra/log/named/named-topic-log.js';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { eventually } from '../../../../support/eventually.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const TOPIC = 'marid.t';

async function join(log: TopicLog) {
  const records: StoredRecord[] = [];
  const assigned: TopicPartition[] = [];
  const subscription = await log.subscribe({
    topics: [TOPIC],
    start: { kind: 'group', group: 'marid.g' },
    onRecords: (batch) => {
      records.push(...batch);
    },
    onAssignment: (partitions) => {
      assigned.splice(0, assigned.length, ...partitions);
    },
    onBroken: () => undefined,
  });
  return { records, assigned, subscription };
}

test('NamedTopicLog keeps installations that share a log apart, under the names that Marid knows', async () => {
  const logger = new QuietLogger();
  const db = SqliteDatabase.open({ path: ':memory:', logger });
  const shared = new EmbeddedTopicLog({ db, clock: new SystemClock(), logger });
  const [blue, green] = [new NamedTopicLog(shared, 'blue'), new NamedTopicLog(shared, 'green')];
  for (const log of [blue, green]) {
    await log.ensureTopics({ topics: [{ topic: TOPIC, partitions: 2, retentionMs: 60_000 }] });
  }
  const record = { topic: TOPIC, partition: 1, key: 'k', value: new Uint8Array([7]), headers: { h: 'v' } };
  await blue.produce({ records: [record, record] });
  expect(await blue.endOffsets({ topic: TOPIC })).toEqual([
    { topic: TOPIC, partition: 0, offset: 0 },
    { topic: TOPIC, partition: 1, offset: 2 },
  ]);
  expect((await green.endOffsets({ topic: TOPIC })).map(({ offset }) => offset)).toEqual([0, 0]);
  expect(await shared.partitions({ topic: 'blue.t' })).toBe(2);
  const [first, second] = [await join(blue), await join(green)];
  await eventually('both records', () => first.records.length === 2);
  expect(first.records[0]).toMatchObject(record);
  expect([first.assigned, second.assigned].map((each) => each.map(({ topic }) => topic))).toEqual([
    [TOPIC, TOPIC],
    [TOPIC, TOPIC],
  ]);
  await first.subscription.commit({ offsets: [{ topic: TOPIC, partition: 1, offset: 1 }] });
  await first.subscription.close();
  const again = await join(blue);
  await eventually('the record behind the commit', () => again.records.length === 1);
  expect(again.records[0]?.offset).toBe(1);
  expect(second.records).toEqual([]);
  await again.subscription.close();
  await second.subscription.close();
  await blue.close();
  db.close();
});
