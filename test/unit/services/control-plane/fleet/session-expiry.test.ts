import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { WorkerRecord } from '../../../../../core/fleet/worker-record.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteFleetStore } from '../../../../../infra/store/sqlite/sqlite-fleet-store.js';
import { SqliteJobStore } from '../../../../../infra/store/sqlite/sqlite-job-store.js';
import { AttemptReconciler } from '../../../../../services/control-plane/fleet/attempt-reconciler.js';
import { SessionExpiry } from '../../../../../services/control-plane/fleet/session-expiry.js';
import { WorkerDirectory } from '../../../../../services/control-plane/fleet/worker-directory.js';
import { WorkerSessions } from '../../../../../services/control-plane/fleet/worker-sessions.js';
import { JobRepository } from '../../../../../services/control-plane/jobs/job-repository.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const TTL = 100_000;
const SYNC = { workerId: 'w', session: 's', held: [], memoryFreeMb: 1, stopping: false };
const FACTS = { pool: 'default', host: 'h', address: 'h:1', memoryBudgetMb: 1, version: 'test' };

let clock: FakeClock;
let db: SqliteDatabase;
let store: SqliteFleetStore;
let caughtUp: boolean;
let expiry: SessionExpiry;

/** The sessions of one of several control planes. */
function openSessions(): WorkerSessions {
  const logger = new QuietLogger();
  const directory = new WorkerDirectory({ store, clock, logger });
  const jobStore = new SqliteJobStore(db);
  const jobs = new JobRepository({ store: jobStore, onCommitted: () => undefined });
  const retry = { maxInfrastructureFailures: 5, backoffMs: [] };
  const shared = { store: jobStore, jobs, retry, caughtUp: async () => caughtUp, clock, logger };
  const reconciler = new AttemptReconciler(shared);
  expiry = new SessionExpiry({ ...shared, fleet: store, directory });
  return new WorkerSessions({ store, directory, reconciler, expiry, leaseTtlMs: TTL, clock, logger });
}

async function record(): Promise<WorkerRecord> {
  const found = await store.getWorker({ id: 'w' });
  if (found === null) throw new Error('no record');
  return found;
}

const silent = (judged: WorkerRecord) => ({ record: judged, silentMs: 2 * TTL, attempts: 0 });

beforeEach(() => {
  clock = new FakeClock();
  caughtUp = true;
  db = SqliteDatabase.open({ path: ':memory:', logger: new QuietLogger() });
  store = new SqliteFleetStore(db);
});

afterEach(() => {
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
