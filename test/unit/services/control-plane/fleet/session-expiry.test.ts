import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import type { WorkerRecord } from '../../../../../core/fleet/worker-record.js';
import { TOPICS } from '../../../../../core/fleet/topics.js';
import { EmbeddedTopicLog } from '../../../../../infra/log/embedded/embedded-topic-log.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteFleetStore } from '../../../../../infra/store/sqlite/sqlite-fleet-store.js';
import type { SessionExpiry } from '../../../../../services/control-plane/fleet/session-expiry.js';
import type { WorkerSessions } from '../../../../../services/control-plane/fleet/worker-sessions.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { openWorkerSessions } from '../../../../support/worker-sessions.js';

const TTL = 100_000;
const SYNC = { workerId: 'w', session: 's', held: [], memoryFreeMb: 1, stopping: false };
const FACTS = { pool: 'default', host: 'h', address: 'h:1', memoryBudgetMb: 1, version: 'test' };

let clock: FakeClock;
let db: SqliteDatabase;
let log: EmbeddedTopicLog;
let store: SqliteFleetStore;
let caughtUp: boolean;
let expiry: SessionExpiry;

/** The sessions of one of several control planes. */
function openSessions(): WorkerSessions {
  const opened = openWorkerSessions({ db, fleet: store, log, clock, leaseTtlMs: TTL, caughtUp: () => caughtUp });
  expiry = opened.expiry;
  return opened.sessions;
}

async function record(): Promise<WorkerRecord> {
  const found = await store.getWorker({ id: 'w' });
  if (found === null) throw new Error('no record');
  return found;
}

const silent = (judged: WorkerRecord) => ({ record: judged, silentMs: 2 * TTL, attempts: 0 });

beforeEach(async () => {
  clock = new FakeClock();
  caughtUp = true;
  db = SqliteDatabase.open({ path: ':memory:', logger: new QuietLogger() });
  log = new EmbeddedTopicLog({ db, clock, logger: new QuietLogger() });
  await log.ensureTopics({ topics: [{ topic: TOPICS.heartbeats, partitions: 1, retentionMs: 60_000 }] });
  store = new SqliteFleetStore(db);
});

afterEach(async () => {
  await log.close();
  db.close();
});

describe('a renewal', () => {
  test('is in the record when it is answered, up to a fifth of the lease', async () => {
    const sessions = openSessions();
    await sessions.register({ workerId: 'w', session: 's', held: [], ...FACTS });
    const registeredAt = clock.now();
    await clock.advance(0.2 * TTL);
    await sessions.sync(SYNC);
    expect((await record()).seenAt).toBe(registeredAt);
    await clock.advance(1);
    await sessions.sync(SYNC);
    expect((await record()).seenAt).toBe(clock.now());
  });

  test('and an expiry that was judged before it cannot both win, also when they meet at different control planes', async () => {
    const [first, second] = [openSessions(), openSessions()];
    await first.register({ workerId: 'w', session: 's', held: [], ...FACTS });
    await clock.advance(2 * TTL);
    const judged = await record();
    expect((await second.sync(SYNC)).sessionCurrent).toBe(true);
    expect(await expiry.expire(silent(judged))).toBeNull();
    expect(await expiry.expire(silent(await record()))).toBe(0);
    expect((await first.sync(SYNC)).sessionCurrent).toBe(false);
    expect((await second.sync(SYNC)).sessionCurrent).toBe(false);
  });
});

describe('a renewal by the log while the store is away', () => {
  test('is refused after a long silence: the session may just be ended by somebody else', async () => {
    let away = false;
    const getWorker = store.getWorker.bind(store);
    store.getWorker = async (o) => {
      if (away) throw new MaridError('UNAVAILABLE', 'the store is away');
      return getWorker(o);
    };
    const sessions = openSessions();
    await sessions.register({ workerId: 'w', session: 's', held: [], ...FACTS });
    away = true;
    await clock.advance(0.4 * TTL);
    expect((await sessions.sync(SYNC)).sessionCurrent).toBe(true);
    await clock.advance(0.5 * TTL + 1);
    await expect(sessions.sync(SYNC)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a worker whose session was ended', () => {
  test('may register again only when its old attempts are decided', async () => {
    const sessions = openSessions();
    await sessions.register({ workerId: 'w', session: 's', held: [], ...FACTS });
    await expiry.expire(silent(await record()));
    caughtUp = false;
    const again = () => sessions.register({ workerId: 'w', session: 's', held: [], ...FACTS });
    await expect(again()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect((await record()).expired).not.toBeNull();
    caughtUp = true;
    expect((await again()).sessionCurrent).toBe(true);
    expect(await record()).toMatchObject({ expired: null, released: false });
  });

  test('is not released by hand when it was heard of since it was found silent', async () => {
    const sessions = openSessions();
    await sessions.register({ workerId: 'w', session: 's', held: [], ...FACTS });
    const judged = await record();
    expect(await sessions.release([judged])).toMatchObject([{ released: true }]);
    await clock.advance(TTL);
    await sessions.sync(SYNC);
    expect((await record()).released).toBe(false);
    expect(await sessions.release([judged])).toEqual([]);
  });
});
