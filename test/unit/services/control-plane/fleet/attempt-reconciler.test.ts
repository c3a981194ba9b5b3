/** Attempts whose start or end the log has lost after acknowledging it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Job } from '../../../../../core/job/job.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteJobStore } from '../../../../../infra/store/sqlite/sqlite-job-store.js';
import { AttemptReconciler } from '../../../../../services/control-plane/fleet/attempt-reconciler.js';
import { CLAIM_UNDER_WAY_MS } from '../../../../../services/control-plane/fleet/claim-times.js';
import { JobRepository } from '../../../../../services/control-plane/jobs/job-repository.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { advanceJob, makeJob } from '../../../../support/job-fixtures.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const REFERENCE = { jobId: 'job', attempt: 1 };

let clock: FakeClock;
let db: SqliteDatabase;
let store: SqliteJobStore;
let reconciler: AttemptReconciler;

beforeEach(() => {
  clock = new FakeClock();
  const logger = new QuietLogger();
  db = SqliteDatabase.open({ path: ':memory:', logger });
  store = new SqliteJobStore(db);
  const jobs = new JobRepository({ store, onCommitted: () => undefined });
  const retry = { maxInfrastructureFailures: 5, backoffMs: [] };
  reconciler = new AttemptReconciler({ store, jobs, retry, caughtUp: async () => true, clock, logger });
});
afterEach(() => db.close());

/** Stores a job that worker-1 claimed just now. */
async function storeClaimed(status: 'CLAIMED' | 'RUNNING'): Promise<string> {
  const claimed = advanceJob(makeJob({ id: REFERENCE.jobId, maxAttempts: 1 }), 'CLAIMED', { updatedAt: clock.now() });
  const attempts = claimed.attempts.map((attempt) => ({ ...attempt, startedAt: clock.now() }));
  const job: Job = status === 'CLAIMED' ? claimed : advanceJob(claimed, status, { attempts });
  await store.insert({ job });
  return job.claim?.session ?? '';
}

const sync = (session: string, held: readonly (typeof REFERENCE)[], stopping = false) =>
  reconciler.reconcile({ workerId: 'worker-1', session, held, stopping });
const status = async (): Promise<string | undefined> => (await store.get({ id: REFERENCE.jobId }))?.status;

describe('an attempt that its worker does not hold', () => {
  test('has its end asked for once, and is lost when that does not come', async () => {
    const session = await storeClaimed('RUNNING');
    expect((await sync(session, [])).repeats).toEqual([]);
    await clock.advance(CLAIM_UNDER_WAY_MS);
    expect((await sync(session, [])).repeats).toEqual([REFERENCE]);
    expect((await sync(session, [REFERENCE])).repeats).toEqual([]); // on its way
    expect(await status()).toBe('RUNNING');
    expect((await sync(session, [])).repeats).toEqual([]);
    expect(await status()).toBe('FAILED');
  });

  test('is lost at once when a process of the worker claimed it that is gone', async () => {
    await storeClaimed('RUNNING');
    expect((await sync('another', [])).repeats).toEqual([]);
    expect(await status()).toBe('FAILED');
  });
});

test('a worker that ends is asked for nothing', async () => {
  const session = await storeClaimed('RUNNING');
  await clock.advance(CLAIM_UNDER_WAY_MS);
  expect((await sync(session, [], true)).repeats).toEqual([]);
  expect(await status()).toBe('FAILED');
});

test('an attempt that is held and seems to be prepared for long has its start asked for', async () => {
  const session = await storeClaimed('CLAIMED');
  expect((await sync(session, [REFERENCE])).repeats).toEqual([]);
  await clock.advance(CLAIM_UNDER_WAY_MS);
  expect(await sync(session, [REFERENCE])).toEqual({ lost: [], kills: [], repeats: [REFERENCE] });
  expect(await status()).toBe('CLAIMED');
});
