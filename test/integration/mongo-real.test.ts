/** What only a real MongoDB can show; with the stand-in these tests are skipped, and listed as such. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Document, Filter } from 'mongodb';
import type { JobFilter } from '../../core/ports/job-store.js';
import * as queries from '../../infra/store/mongo/job-queries.js';
import { CALL_MS } from '../../infra/store/mongo/mongo-limits.js';
import { MongoJobStore } from '../../infra/store/mongo/mongo-job-store.js';
import { ANY_JOB } from '../conformance/suites/job-store-listing.js';
import { eventually } from '../support/eventually.js';
import { advanceJob, makeJob, makeRequest } from '../support/job-fixtures.js';
import { describeRealMongo, openTestMongo, withClient, type TestMongo } from '../support/mongo-database.js';

/** Ids are texts of ours. */
type Stored = Document & { _id: string };

await describeRealMongo((url) => {
  let mongo: TestMongo;
  let store: MongoJobStore;
  beforeEach(async () => {
    mongo = await openTestMongo(url);
    store = new MongoJobStore(mongo.database);
  });
  afterEach(() => mongo.close());

  const onAdmin = (command: Document) => withClient(url, (client) => client.db('admin').command(command));

  describe('plans', () => {
    beforeEach(async () => {
      const jobs = Array.from({ length: 500 }, (_, index) =>
        makeJob({
          createdAt: 1000 + index,
          request: makeRequest({ user: `user-${String(index % 7)}`, tags: ['a', `t-${String(index % 50)}`] }),
        }),
      );
      await Promise.all(jobs.map((job) => store.insert({ job })));
      const claimed = jobs.filter((_, index) => index % 2 === 0).map((job) => advanceJob(job, 'CLAIMED'));
      await Promise.all(claimed.map((job) => store.replace({ job })));
    });

    for (const [name, query] of questions()) {
      test(`walks an index and does not sort: ${name}`, async () => {
        const plan = await explain(url, mongo.name, query);
        const stages = stagesOf(plan);
        expect(stages).not.toContain('COLLSCAN');
        expect(stages).not.toContain('SORT');
        expect(stages).toContain('IXSCAN');
        if (query.hint !== null) expect(indexesOf(plan)).toEqual(new Set([query.hint]));
      });
    }

    test('a page examines about as many jobs as it gives', async () => {
      const query = queries.listQuery({
        filter: { ...ANY_JOB, user: 'user-3' },
        order: 'newest',
        after: null,
        limit: 10,
      });
      const plan = await explain(url, mongo.name, query);
      expect(numberIn(plan, 'totalDocsExamined')).toBeLessThanOrEqual(12);
    });

    test('what nobody asks for is in no sparse index', async () => {
      const ended = queries.endedQuery({ endedBefore: Number.MAX_SAFE_INTEGER, limit: 0 });
      expect(numberIn(await explain(url, mongo.name, ended), 'totalKeysExamined')).toBe(0);
    });
  });

  test('a server that takes no writes: DEADLINE_EXCEEDED in bounded time, and it goes on by itself', async () => {
    const job = makeJob();
    const claimed = advanceJob(job, 'CLAIMED');
    await store.insert({ job });
    await onAdmin({ fsync: 1, lock: true });
    try {
      const startedAt = performance.now();
      await expect(store.replace({ job: claimed })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
      expect(performance.now() - startedAt).toBeLessThan(CALL_MS + 2500);
    } finally {
      await onAdmin({ fsyncUnlock: 1 });
    }
    // The last attempt may still be on its way: it and the next ones exclude each other.
    await eventually('it is written', async () => {
      await store.replace({ job: claimed });
      return (await store.get({ id: job.id }))?.revision === claimed.revision;
    });
    expect(await store.get({ id: job.id })).toEqual(claimed);
  });

  test('a primary that steps down: nothing acknowledged is lost, and it goes on by itself', async () => {
    const acknowledged: string[] = [];
    const codes: string[] = [];
    let writing = true;
    const writers = Array.from({ length: 20 }, async () => {
      while (writing) {
        const job = makeJob();
        try {
          if (await store.insert({ job })) acknowledged.push(job.id);
        } catch (error) {
          codes.push(String((error as { readonly code?: unknown }).code));
        }
      }
    });
    await eventually('writes are done', () => acknowledged.length > 200);
    // The answer may be lost with the connection.
    await onAdmin({ replSetStepDown: 5, force: true }).catch((error: unknown) => error);
    const before = acknowledged.length;
    await eventually('writes are done again', () => acknowledged.length > before + 200, 40_000);
    writing = false;
    await Promise.all(writers);
    const stored = await store.getMany({ ids: acknowledged });
    expect(stored.filter((job) => job === null)).toEqual([]);
    expect(codes.filter((code) => code !== 'UNAVAILABLE' && code !== 'DEADLINE_EXCEEDED')).toEqual([]);
  }, 90_000);
});

function questions(): readonly (readonly [string, queries.JobQuery])[] {
  const list = (part: Partial<JobFilter>): queries.JobQuery =>
    queries.listQuery({
      filter: { ...ANY_JOB, ...part },
      order: 'newest',
      after: { createdAt: 1200, id: 'x' },
      limit: 10,
    });
  return [
    ['due', queries.dueQuery({ now: 9999, limit: 10 })],
    ['waiting', queries.waitingQuery({ pool: 'default', memoryMb: 9999, limit: 10 })],
    ['owned', queries.ownedQuery({ workerId: 'worker-1' })],
    ['unpublished', queries.unpublishedQuery({ updatedBefore: 9999, limit: 10 })],
    ['ended', queries.endedQuery({ endedBefore: 9999, limit: 10 })],
    ['all ended', queries.ALL_ENDED],
    ['overdue', queries.overdueQuery({ stage: 'RUNNING', before: 9999, limit: 10 })],
    ['active', queries.activeQuery({})],
    ['active of a cluster', queries.activeQuery({ clusterId: 'c' })],
    ['active of a command', queries.activeQuery({ commandId: 'c' })],
    ['active of both', queries.activeQuery({ clusterId: 'c', commandId: 'c' })],
    ['all jobs', list({})],
    ['a range of time', list({ createdFrom: 1100, createdBefore: 1300 })],
    ['one token', list({ user: 'user-1' })],
    ['several tokens', list({ user: 'user-1', tags: ['a', 't-1'] })],
    ['statuses', list({ statuses: ['ACCEPTED', 'CLAIMED'] })],
    ['statuses and tokens', list({ statuses: ['ACCEPTED', 'CLAIMED'], user: 'user-1' })],
  ];
}

function explain(url: string, database: string, { filter, sort, limit, hint }: queries.JobQuery): Promise<Document> {
  const options = { sort, limit, ...(hint === null ? {} : { hint }) };
  return withClient(url, (client) =>
    client
      .db(database)
      .collection<Stored>('jobs')
      .find(filter as Filter<Stored>, options)
      .explain('executionStats'),
  );
}

function stagesOf(plan: Document): readonly string[] {
  return valuesOf(winningPlan(plan), 'stage').map(String);
}

function indexesOf(plan: Document): ReadonlySet<string> {
  return new Set(valuesOf(winningPlan(plan), 'indexName').map(String));
}

function numberIn(plan: Document, field: string): number {
  return Number(valuesOf(plan, field)[0]);
}

function winningPlan(plan: Document): unknown {
  return valuesOf(plan, 'winningPlan')[0];
}

/** Every value of a field, at any depth. */
function valuesOf(value: unknown, field: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]: [string, unknown]) => [
    ...(name === field ? [each] : []),
    ...valuesOf(each, field),
  ]);
}
