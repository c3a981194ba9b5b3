import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Job } from '../../../../../core/job/job.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteJobStore } from '../../../../../infra/store/sqlite/sqlite-job-store.js';
import { JobRepository, type JobChange } from '../../../../../services/control-plane/jobs/job-repository.js';
import { advanceJob, makeJob } from '../../../../support/job-fixtures.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

let db: SqliteDatabase;
let store: SqliteJobStore;
let changes: JobChange[];

beforeEach(() => {
  db = SqliteDatabase.open({ path: ':memory:', logger: new QuietLogger() });
  store = new SqliteJobStore(db);
  changes = [];
});

afterEach(() => {
  db.close();
});

function repository(): JobRepository {
  return new JobRepository({ store, onCommitted: (change) => changes.push(change) });
}

const bumped = (job: Job) => ({
  kind: 'bumped',
  job: { ...job, revision: job.revision + 1, offers: job.offers + 1 },
});

describe('JobRepository.decide', () => {
  test('loses nothing when fifty change one job at once, in two control planes', async () => {
    const [one, two] = [repository(), repository()];
    await one.insert(makeJob({ id: 'a' }));
    await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : two).decide('a', bumped)));
    expect(await store.get({ id: 'a' })).toMatchObject({ offers: 40, revision: 41 });
    expect(changes.map(({ after }) => after.revision)).toEqual(Array.from({ length: 41 }, (_, index) => index + 1));
  });

  test('decides anew on a fresh read before it decides to do nothing', async () => {
    const [one, two] = [repository(), repository()];
    await one.insert(makeJob({ id: 'a' }));
    await two.decide('a', (job) => ({ kind: 'claimed', job: advanceJob(job, 'CLAIMED') }));
    const decided = await one.decide('a', (job) =>
      job.status === 'CLAIMED' ? { kind: 'run', job: advanceJob(job, 'RUNNING') } : { kind: 'nothing' },
    );
    expect(decided?.result.kind).toBe('run');
  });

  test('answers null for a job that is not there, and tells nobody', async () => {
    expect(await repository().decide('none', bumped)).toBeNull();
    expect(changes).toHaveLength(0);
  });

  test('passes on what the store rejects with, and reads again afterwards', async () => {
    const jobs = repository();
    await jobs.insert(makeJob({ id: 'a' }));
    const { replace } = store;
    store.replace = () => Promise.reject(new Error('away'));
    await expect(jobs.decide('a', bumped)).rejects.toThrow('away');
    store.replace = replace;
    await store.replace({ job: { ...makeJob({ id: 'a' }), revision: 2, offers: 7 } }); // as if it had been written after all
    expect((await jobs.decide('a', bumped))?.job.offers).toBe(8);
  });
});
