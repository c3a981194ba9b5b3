import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { UserSlotStore } from '../../../../../core/ports/user-slot-store.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteJobStore } from '../../../../../infra/store/sqlite/sqlite-job-store.js';
import { SqliteUserSlotStore } from '../../../../../infra/store/sqlite/sqlite-user-slot-store.js';
import { UserLimits } from '../../../../../services/control-plane/quota/user-limits.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { advanceJob, makeJob } from '../../../../support/job-fixtures.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const logger = new QuietLogger();
let db: SqliteDatabase;
let jobs: SqliteJobStore;
let slots: SqliteUserSlotStore;
let clock: FakeClock;

beforeEach(() => {
  db = SqliteDatabase.open({ path: ':memory:', logger });
  jobs = new SqliteJobStore(db);
  slots = new SqliteUserSlotStore(db);
  clock = new FakeClock();
});

afterEach(() => {
  db.close();
});

const limits = (store: UserSlotStore, perUser: number | null) =>
  new UserLimits({ store, jobs, perUser, byUser: {}, clock, logger });

async function idsOf(user: string): Promise<readonly string[] | undefined> {
  return (await slots.get({ user }))?.slots.map(({ jobId }) => jobId);
}

/** A job that has ended without its slot having been freed. */
async function addEnded(id: string): Promise<void> {
  const job = makeJob({ id });
  await jobs.insert({ job });
  await jobs.replace({ job: advanceJob(job, 'KILLED') });
}

describe('UserLimits', () => {
  test('counts only what has not ended, also when its write is lost to another and repeated', async () => {
    await addEnded('ended');
    await limits(slots, 1).take('ada', 'ended');
    let losses = 1;
    const contended: UserSlotStore = {
      get: (options) => slots.get(options),
      users: () => slots.users(),
      put: async (options) => (losses-- > 0 ? false : slots.put(options)),
    };
    await limits(contended, 1).take('ada', 'new');
    expect(await idsOf('ada')).toEqual(['new']);
  });

  test('keeps the slot of a job that is not inserted yet for a minute', async () => {
    await limits(slots, 1).take('ada', 'under-way');
    await expect(limits(slots, 1).take('ada', 'other')).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    await clock.advance(60_000);
    await limits(slots, 1).take('ada', 'other');
    expect(await idsOf('ada')).toEqual(['other']);
  });

  test('compares at most once a second for a user who goes on submitting', async () => {
    const same = limits(slots, 1);
    await jobs.insert({ job: makeJob({ id: 'a' }) });
    await same.take('ada', 'a');
    await expect(same.take('ada', 'b')).rejects.toMatchObject({ facts: { limit: '1', active_jobs: '1' } });
    const job = await jobs.get({ id: 'a' });
    if (job !== null) await jobs.replace({ job: advanceJob(job, 'KILLED') });
    await expect(same.take('ada', 'b')).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    await clock.advance(1000);
    await same.take('ada', 'b');
  });

  test('writes nothing for users without a limit', async () => {
    const none = limits(slots, null);
    await none.take('ada', 'a');
    none.free('ada', 'a');
    await none.stop();
    expect(none.limitsAnybody).toBe(false);
    expect(await slots.users()).toEqual([]);
  });
});
