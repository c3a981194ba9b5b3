import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import { TOPICS } from '../../../../../core/fleet/topics.js';
import type { WorkerEvent } from '../../../../../core/job/job.js';
import type { LogRecord, TopicLog } from '../../../../../core/ports/topic-log.js';
import { EmbeddedTopicLog } from '../../../../../infra/log/embedded/embedded-topic-log.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { decodeWorkerEvent } from '../../../../../proto/codec/index.js';
import { EventOutbox } from '../../../../../workers/gateway/attempts/event-outbox.js';
import { FakeClock, turn, until } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { SeededRandom } from '../../../../support/seeded-random.js';

const clock = new FakeClock();
const logger = new QuietLogger();
let db: SqliteDatabase;
let log: EmbeddedTopicLog;
let outbox: EventOutbox;
/** Batches that reached the log. */
let batches: (readonly LogRecord[])[] = [];
let failures = 0;

beforeEach(async () => {
  db = SqliteDatabase.open({ path: ':memory:', logger });
  log = new EmbeddedTopicLog({ db, clock: new FakeClock(), logger });
  await log.ensureTopics({ topics: [{ topic: TOPICS.workerEvents, partitions: 4, retentionMs: 1e9 }] });
  batches = [];
  failures = 0;
  outbox = newOutbox();
  outbox.open();
});
afterEach(async () => {
  await outbox.stop();
  await log.close();
  db.close();
});

function newOutbox(): EventOutbox {
  return new EventOutbox({ log: flaky(log), clock, random: new SeededRandom(), logger });
}

/** The log, which stores what it gets and then fails as often as `failures` says. */
function flaky(target: TopicLog): TopicLog {
  return {
    ensureTopics: (options) => target.ensureTopics(options),
    partitions: (options) => target.partitions(options),
    endOffsets: (options) => target.endOffsets(options),
    subscribe: (options) => target.subscribe(options),
    close: () => target.close(),
    produce: async (options) => {
      batches.push(options.records);
      await target.produce(options);
      if (failures-- > 0) throw new MaridError('UNAVAILABLE', 'away');
    },
  };
}

function event(jobId: string, sequence: number): WorkerEvent {
  return {
    ...{ jobId, attempt: 1, workerId: 'w', session: 's', sequence, at: 1, status: 'INIT' as const },
    ...{ reason: '', message: '', result: null, infrastructureFailure: false },
  };
}

describe('EventOutbox', () => {
  test('sends the events of a moment together, each job in one partition and in order', async () => {
    for (let sequence = 1; sequence <= 3; sequence++) for (const id of ['a', 'b']) outbox.send(event(id, sequence));
    await until(() => outbox.size === 0);
    expect(batches).toHaveLength(1);
    const records = batches.flat().filter((record) => record.key === 'a');
    expect(records.map((record) => decodeWorkerEvent(record.value)?.sequence)).toEqual([1, 2, 3]);
    expect(new Set(records.map((record) => record.partition)).size).toBe(1);
  });

  test('sends nothing until it is opened', async () => {
    const closed = newOutbox();
    closed.send(event('a', 1));
    await closed.flush(0);
    expect(batches).toEqual([]);
    closed.open();
    await until(() => closed.size === 0);
    expect(batches).toHaveLength(1);
    await closed.stop();
  });

  test('sends again, in order, until the log acknowledges, and only then says so', async () => {
    failures = 3;
    const acknowledged: number[] = [];
    for (const sequence of [1, 2]) outbox.send(event('a', sequence), () => acknowledged.push(sequence));
    for (let i = 0; i < 2; i++) {
      await until(() => clock.pending > 0);
      expect(acknowledged).toEqual([]);
      await clock.advance(1_000);
    }
    outbox.send(event('a', 3), () => acknowledged.push(3));
    while (outbox.size > 0) await clock.advance(1_000);
    expect(acknowledged).toEqual([1, 2, 3]);
    const sequences = batches.map((batch) => batch.map((record) => decodeWorkerEvent(record.value)?.sequence));
    expect(sequences.slice(0, 2)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(sequences.at(-1)?.at(-1)).toBe(3);
  });

  test('stops in the middle of a wait', async () => {
    failures = Infinity;
    outbox.send(event('a', 1));
    await until(() => clock.pending > 0);
    await outbox.stop();
    expect([outbox.size, clock.pending]).toEqual([1, 0]);
  });

  test('lets an event that may wait go with the next one, before it', async () => {
    outbox.sendSoon(event('a', 1), 20);
    await turn();
    expect(batches).toEqual([]);
    outbox.send(event('a', 2));
    await until(() => outbox.size === 0);
    expect(batches.map((batch) => batch.map((record) => decodeWorkerEvent(record.value)?.sequence))).toEqual([[1, 2]]);
  });

  test('keeps an event that may wait while those of other jobs go', async () => {
    outbox.sendSoon(event('a', 1), 20);
    outbox.send(event('b', 1));
    await until(() => outbox.size === 1);
    expect(batches.flat().map(({ key }) => key)).toEqual(['b']);
    await clock.advance(15);
    outbox.sendSoon(event('a', 2), 20);
    await clock.advance(15);
    expect(outbox.size).toBe(2);
    await clock.advance(15);
    await until(() => outbox.size === 0);
    expect(batches.at(-1)?.map(({ value }) => decodeWorkerEvent(value)?.sequence)).toEqual([1, 2]);
  });

  test('sends an event that may wait by itself after a moment', async () => {
    outbox.sendSoon(event('a', 1), 20);
    await clock.advance(20);
    await until(() => outbox.size === 0);
    expect(batches).toHaveLength(1);
  });

  test('sends each event that may wait when its own time has come, whichever came first', async () => {
    outbox.sendSoon(event('a', 1), 200);
    outbox.sendSoon(event('b', 1), 20);
    outbox.sendSoon(event('c', 1), 200);
    outbox.sendSoon(event('c', 2), 20);
    await clock.advance(20);
    await until(() => outbox.size === 1);
    expect(batches.flat().map(({ key }) => key)).toEqual(['b', 'c', 'c']);
    await clock.advance(180);
    await until(() => outbox.size === 0);
    expect(batches.flat().at(-1)?.key).toBe('a');
  });

  test('flushes what may wait', async () => {
    outbox.sendSoon(event('a', 1), 20);
    await outbox.flush(1_000);
    expect(outbox.size).toBe(0);
  });
});
