/** The embedded log against the suite of its port, and what is its own: it lasts, forgets by age, and leaves nothing behind. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { EmbeddedTopicLog } from '../../../infra/log/embedded/embedded-topic-log.js';
import { SqliteConnection } from '../../../infra/store/sqlite/sqlite-connection.js';
import { SqliteDatabase } from '../../../infra/store/sqlite/sqlite-database.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { Reader } from '../../support/log-reader.js';
import { QuietLogger } from '../../support/quiet-logger.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';
import { topicLogSuite } from '../suites/topic-log.js';

const logger = new QuietLogger();

for (const { name, recent } of [
  { name: 'embedded', recent: {} },
  { name: 'embedded, every record read from the database', recent: { recentBytes: 0 } },
]) {
  topicLogSuite(name, async () => {
    const db = SqliteDatabase.open({ path: ':memory:', logger });
    const log = new EmbeddedTopicLog({ db, clock: new FakeClock(), logger, ...recent });
    return {
      log,
      close: async () => {
        await log.close();
        db.close();
      },
    };
  });
}

/** Makes of the table of records what version 4 of the schema had. */
const VERSION_4 = `
  DROP INDEX log_records_by_offset;
  ALTER TABLE log_records RENAME TO later;
  CREATE TABLE log_records (
    topic INTEGER NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, appended_at INTEGER NOT NULL,
    meta TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (topic, partition, "offset")) WITHOUT ROWID;
  INSERT INTO log_records SELECT topic, partition, "offset", appended_at, meta, value FROM later;
  DROP TABLE later;
  PRAGMA user_version = 4;`;

describe('EmbeddedTopicLog', () => {
  const group = { kind: 'group', group: 'readers' } as const;
  let folder: TemporaryFolder;
  let clock: FakeClock;
  let db: SqliteDatabase;
  let log: EmbeddedTopicLog;

  const open = (): void => {
    db = SqliteDatabase.open({ path: join(folder.path, 'marid.db'), logger });
    log = new EmbeddedTopicLog({ db, clock, logger });
  };
  const close = async (): Promise<void> => {
    await log.close();
    db.close();
  };
  const produce = (...texts: readonly string[]): Promise<void> =>
    log.produce({
      records: texts.map((text) => ({ topic: 't', partition: 0, key: text, value: Buffer.from(text), headers: {} })),
    });

  beforeEach(async () => {
    folder = makeTemporaryFolder();
    clock = new FakeClock();
    open();
    await log.ensureTopics({ topics: [{ topic: 't', partitions: 1, retentionMs: 600_000 }] });
  });
  afterEach(async () => {
    await close();
    folder.remove();
  });

  test('records, offsets and topics are there after the file was opened again', async () => {
    await produce('a', 'b', 'c');
    const before = await Reader.open(log, { topics: ['t'], start: group });
    await before.take(3);
    await before.subscription.commit({ offsets: [{ topic: 't', partition: 0, offset: 2 }] });
    await close();
    open();
    const after = await Reader.open(log, { topics: ['t'], start: group });
    expect(await after.takeTexts(1)).toEqual(['c']);
    await produce('d');
    expect((await after.take(1))[0]).toMatchObject({ offset: 3, key: 'd' });
  });

  test('records in a file of version 4, where they lay by partition, are read and appended to', async () => {
    await log.ensureTopics({ topics: [{ topic: 't', partitions: 2, retentionMs: 600_000 }] });
    await produce('a', 'b');
    await log.produce({
      records: [{ topic: 't', partition: 1, key: 'x', value: Buffer.from('x'), headers: { h: '1' } }],
    });
    await produce('c');
    await close();
    const connection = SqliteConnection.open(join(folder.path, 'marid.db'));
    connection.execute(VERSION_4);
    connection.close();
    open();
    await produce('d');
    const reader = await Reader.open(log, { topics: ['t'], start: group });
    const found = (await reader.take(5)).map(({ partition, offset, key, headers }) => ({
      partition,
      offset,
      key,
      headers,
    }));
    expect(found.filter(({ partition }) => partition === 0).map(({ offset, key }) => [offset, key])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
      [3, 'd'],
    ]);
    expect(found.filter(({ partition }) => partition === 1)).toEqual([
      { partition: 1, offset: 0, key: 'x', headers: { h: '1' } },
    ]);
  });

  test('a committed offset never goes back', async () => {
    await produce('a', 'b', 'c');
    const first = await Reader.open(log, { topics: ['t'], start: group });
    await first.take(3);
    await first.subscription.commit({ offsets: [{ topic: 't', partition: 0, offset: 2 }] });
    await first.subscription.commit({ offsets: [{ topic: 't', partition: 0, offset: 1 }] });
    await first.close();
    const second = await Reader.open(log, { topics: ['t'], start: group });
    expect(await second.takeTexts(1)).toEqual(['c']);
  });

  test('times never go back, even when the clock does', async () => {
    await produce('a');
    clock.shiftWall(-50_000);
    await produce('b');
    clock.shiftWall(90_000);
    await produce('c');
    const reader = await Reader.open(log, { topics: ['t'], start: group });
    const times = (await reader.take(3)).map((record) => record.appendedAt - clock.now());
    expect(times).toEqual([-40_000, -40_000, 0]);
  });

  test('records older than the topic keeps them go, and offsets stay', async () => {
    await produce(...Array.from({ length: 2500 }, (_, index) => String(index)));
    await clock.advance(400_000);
    await produce('young');
    const count = (): unknown => db.read((connection) => connection.get('SELECT count(*) FROM log_records')?.[0]);
    for (let minutes = 0; minutes < 9 && count() !== 1; minutes += 1) {
      await clock.advance(60_000);
      await db.write(() => null); // behind what the sweep wrote
    }
    const reader = await Reader.open(log, { topics: ['t'], start: group });
    expect(await reader.take(1)).toMatchObject([{ key: 'young', offset: 2500 }]);
    expect(await log.endOffsets({ topic: 't' })).toEqual([{ topic: 't', partition: 0, offset: 2501 }]);
  });

  test('of a topic with a limit the last records of each partition stay', async () => {
    await log.ensureTopics({ topics: [{ topic: 't', partitions: 1, retentionMs: 600_000, retentionRecords: 3 }] });
    await produce(...Array.from({ length: 1500 }, (_, index) => String(index)));
    await clock.advance(60_000);
    const count = (): unknown => db.read((connection) => connection.get('SELECT count(*) FROM log_records')?.[0]);
    // Records that were appended together lie in rows of 64, which go as a whole.
    await eventually('the sweep', () => count() === 1);
    await log.close(); // the sweep is over, also in memory
    log = new EmbeddedTopicLog({ db, clock, logger });
    const reader = await Reader.open(log, { topics: ['t'], start: group });
    expect((await reader.takeTexts(1500 % 64)).slice(-3)).toEqual(['1497', '1498', '1499']);
  });

  test('reading begins in the middle of what was appended together', async () => {
    await log.close();
    log = new EmbeddedTopicLog({ db, clock, logger, recentBytes: 0 });
    await log.ensureTopics({ topics: [{ topic: 't', partitions: 1, retentionMs: 600_000 }] });
    const texts = Array.from({ length: 5000 }, (_, index) => String(index));
    await produce(...texts);
    const positions = [{ topic: 't', partition: 0, offset: 70 }];
    const reader = await Reader.open(log, { topics: ['t'], start: { kind: 'positions', positions } });
    expect(await reader.takeTexts(4930)).toEqual(texts.slice(70));
  });

  test('many produces at once share commits', async () => {
    const before = db.statistics.commits;
    await Promise.all(Array.from({ length: 200 }, (_, index) => produce(String(index))));
    expect(db.statistics.commits - before).toBeLessThanOrEqual(3);
  });

  test('partitions that are added are read by those who read already', async () => {
    const reader = await Reader.open(log, { topics: ['t'], start: group });
    await reader.untilAssigned(1);
    await log.ensureTopics({ topics: [{ topic: 't', partitions: 3, retentionMs: 600_000 }] });
    await reader.untilAssigned(3);
    await log.produce({ records: [{ topic: 't', partition: 2, key: '', value: Buffer.from('x'), headers: {} }] });
    expect(await reader.takeTexts(1)).toEqual(['x']);
  });

  test('an assignment that does not change is told once', async () => {
    const reader = await Reader.open(log, { topics: ['t'], start: group });
    await reader.untilAssigned(1);
    const other = await Reader.open(log, { topics: ['t'], start: { kind: 'group', group: 'others' } });
    await other.close();
    await produce('a');
    await reader.take(1);
    expect(reader.assignments).toBe(1);
  });

  test('a partition that is not there is NOT_FOUND and nothing is appended', async () => {
    const value = new Uint8Array(1);
    const records = [0, 1].map((partition) => ({ topic: 't', partition, key: '', value, headers: {} }));
    await expect(log.produce({ records })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await log.endOffsets({ topic: 't' }))[0]?.offset).toBe(0);
  });

  test('a callback that throws breaks its own subscription only', async () => {
    const broken = new Promise<Error>((resolve) => {
      void log.subscribe({
        topics: ['t'],
        start: { kind: 'positions', positions: [] },
        onRecords: () => {
          throw new Error('the reader broke');
        },
        onBroken: resolve,
      });
    });
    const reader = await Reader.open(log, { topics: ['t'], start: group });
    await produce('a');
    expect((await broken).message).toBe('the reader broke');
    expect(await reader.takeTexts(1)).toEqual(['a']);
    expect(reader.broken).toBeNull();
  });

  test('after close nothing is left: no timer, no callback, no further use', async () => {
    const reader = await Reader.open(log, { topics: ['t'], start: group });
    await produce('a');
    const heard = reader.received.length;
    await log.close();
    await log.close();
    expect(clock.pending).toBe(0);
    expect(reader.received).toHaveLength(heard);
    await expect(produce('b')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await reader.close();
  });
});
