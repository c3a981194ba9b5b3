/** Renewals while the store is away: granted by what is in the log, refused where that cannot be. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import { TOPICS } from '../../../../../core/fleet/topics.js';
import { EmbeddedTopicLog } from '../../../../../infra/log/embedded/embedded-topic-log.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteFleetStore } from '../../../../../infra/store/sqlite/sqlite-fleet-store.js';
import { decodeBeat } from '../../../../../proto/codec/index.js';
import type { WorkerSessions } from '../../../../../services/control-plane/fleet/worker-sessions.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { openWorkerSessions } from '../../../../support/worker-sessions.js';

/** The worker gives a call up after this long. */
const WORKER_WAITS_MS = 5000;
const FACTS = { pool: 'default', host: 'host', address: 'host:1', memoryBudgetMb: 1000, version: 'test' };

const logger = new QuietLogger();
const held = [{ jobId: 'job', attempt: 1 }];
const away = (): Promise<never> => Promise.reject(new MaridError('UNAVAILABLE', 'the store is away'));
const never = (): Promise<never> => new Promise(() => undefined);

let clock: FakeClock;
let db: SqliteDatabase;
let log: EmbeddedTopicLog;
let store: SqliteFleetStore;
let sessions: WorkerSessions;

/** A control plane's sessions; several share the store. */
function open(fleet: SqliteFleetStore): WorkerSessions {
  return openWorkerSessions({ db, fleet, log, clock, leaseTtlMs: 120_000 }).sessions;
}

beforeEach(async () => {
  clock = new FakeClock();
  db = SqliteDatabase.open({ path: ':memory:', logger });
  log = new EmbeddedTopicLog({ db, clock, logger });
  await log.ensureTopics({ topics: [{ topic: TOPICS.heartbeats, partitions: 1, retentionMs: 60_000 }] });
  store = new SqliteFleetStore(db);
  sessions = open(store);
  await sessions.register({ workerId: 'w', session: 's-1', held: [], ...FACTS });
});

afterEach(async () => {
  await log.close();
  db.close();
});

const sync = (session = 's-1', stopping = false) =>
  sessions.sync({ workerId: 'w', session, held, memoryFreeMb: 10, stopping });
const beats = async (): Promise<number> => (await log.endOffsets({ topic: TOPICS.heartbeats }))[0]?.offset ?? -1;

/** The first outcome of a call, with how long it took by the clock. */
async function outcome(call: Promise<unknown>): Promise<{ readonly value: unknown; readonly afterMs: number }> {
  const began = clock.monotonic();
  let value: unknown;
  const settled = call.then(
    (answer) => (value = answer),
    (error: unknown) => (value = error),
  );
  while (value === undefined && clock.monotonic() - began < 60_000) await clock.advance(100);
  await settled;
  return { value, afterMs: clock.monotonic() - began };
}

describe('Sync while the store is away', () => {
  test.each([
    ['fails', away],
    ['does not answer', never],
  ])('which %s: renews a session that is known here, once a beat of it is in the log', async (_, failing) => {
    store.getWorker = failing;
    await clock.advance(1500); // the record is not fresh any more
    const { value, afterMs } = await outcome(sync());
    expect(value).toEqual({ sessionCurrent: true, draining: false, lost: [], kills: [], repeats: [] });
    expect(afterMs).toBeLessThan(WORKER_WAITS_MS);
    const read: unknown[] = [];
    const subscription = await log.subscribe({
      topics: [TOPICS.heartbeats],
      start: { kind: 'positions', positions: [] },
      onRecords: (records) => {
        read.push(...records.map((record) => decodeBeat(record.value)));
      },
      onBroken: () => undefined,
    });
    while (read.length === 0) await clock.advance(10);
    await subscription.close();
    expect(read).toEqual([{ workerId: 'w', session: 's-1', pool: 'default', memoryFreeMb: 10, held, partitions: [] }]);
  });

  test('renews nothing when the log does not take the beat in time', async () => {
    store.getWorker = never;
    log.produce = never;
    await clock.advance(1500);
    const { value, afterMs } = await outcome(sync());
    expect(value).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(afterMs).toBeLessThan(WORKER_WAITS_MS);
  });

  test('answers nothing about a session that is not known here as current', async () => {
    store.getWorker = away;
    await expect(sync('s-2')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const unknown = open(store).sync({ workerId: 'w', session: 's-1', held, memoryFreeMb: 1, stopping: false });
    await expect(unknown).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await beats()).toBe(0);
  });

  test('does not take a last word, nor hide a defect', async () => {
    store.getWorker = away;
    await clock.advance(1500);
    await expect(sync('s-1', true)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    store.getWorker = () => Promise.reject(new MaridError('DATA_LOSS', 'unreadable'));
    await expect(sync()).rejects.toMatchObject({ code: 'DATA_LOSS' });
    expect(await beats()).toBe(0);
  });

  test('tells the truth as soon as the store is back', async () => {
    const other = open(new SqliteFleetStore(db));
    const { getWorker } = store;
    store.getWorker = away;
    await other.register({ workerId: 'w', session: 's-2', held: [], ...FACTS });
    await clock.advance(1500);
    expect((await sync()).sessionCurrent).toBe(true); // its launcher is the new session's by now
    store.getWorker = getWorker;
    expect((await sync()).sessionCurrent).toBe(false);
  });
});
