/** Every statement about jobs walks an index: a plan that scans a table or sorts would be slow at a million jobs. Counts walk a partial index whole. */
import { expect, test } from '@jest/globals';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteJobSurvey } from '../../../../../infra/store/sqlite/sqlite-job-survey.js';
import { SqliteJobStore } from '../../../../../infra/store/sqlite/sqlite-job-store.js';
import type { JobFilter } from '../../../../../core/ports/job-store.js';
import { advanceJob, makeJob } from '../../../../support/job-fixtures.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { ANY_JOB } from '../../../../conformance/suites/job-store-listing.js';

test('no statement about jobs scans or sorts', async () => {
  const db = SqliteDatabase.open({ path: ':memory:', logger: new QuietLogger() });
  await useEverything(new SqliteJobStore(db));
  await useSurvey(new SqliteJobSurvey(db));
  const plans = db.read((connection) =>
    connection.prepared
      .filter((text) => /^(SELECT|UPDATE|DELETE)/.test(text) && text.includes('job'))
      .map((text) => ({ text, steps: connection.all(`EXPLAIN QUERY PLAN ${text}`).map((row) => String(row[3])) })),
  );
  const slow = plans.filter(({ steps }) =>
    steps.some((step) =>
      /SCAN (?!t VIRTUAL|json_each VIRTUAL|\(subquery|jobs USING .*(_ended|_of_user))|TEMP B-TREE/.test(step),
    ),
  );
  expect(slow).toEqual([]);
  expect(plans.length).toBeGreaterThan(20);
  db.close();
});

async function useEverything(store: SqliteJobStore): Promise<void> {
  const job = makeJob();
  await store.insert({ job });
  await store.replace({ job: advanceJob(job, 'CLAIMED') });
  await store.dueOffers({ now: 1, limit: 1 });
  await store.waiting({ pool: 'p', memoryMb: 1, limit: 1 });
  await store.ownedBy({ workerId: 'w' });
  await store.unpublished({ updatedBefore: 1, limit: 1 });
  await store.markPublished({ marks: [{ id: job.id, sequence: 1 }] });
  await store.countActive({ clusterId: 'c' });
  await store.countActive({ commandId: 'c' });
  await store.countActive({ clusterId: 'c', commandId: 'c' });
  await store.purge({ endedBefore: Number.MAX_SAFE_INTEGER, limit: 10 });
  const filters: readonly Partial<JobFilter>[] = [
    {},
    { user: 'u' },
    { user: 'u', tags: ['t'] },
    { statuses: ['RUNNING'] },
    { statuses: ['RUNNING', 'FAILED'], user: 'tester' },
    { statuses: ['CLAIMED'], user: 'tester' },
    { statuses: ['CLAIMED'], user: 'tester', tags: ['t'] },
    { statuses: ['CLAIMED', 'ACCEPTED'], user: 'tester', name: 'a job' },
  ];
  for (const order of ['newest', 'oldest'] as const) {
    for (const part of filters) await store.list({ filter: { ...ANY_JOB, ...part }, order, after: null, limit: 5 });
  }
}

async function useSurvey(survey: SqliteJobSurvey): Promise<void> {
  await survey.overdue({ stage: 'RUNNING', before: 1, limit: 1 });
  await survey.countEnded();
  await survey.usage();
}
