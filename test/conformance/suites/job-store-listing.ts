/** What every `JobStore` answers to `list`: part of the suite in `job-store.ts`. */
import { describe, expect, test } from '@jest/globals';
import { randomInt } from 'node:crypto';
import type { Job } from '../../../core/job/job.js';
import type { JobFilter, JobPosition, JobStore } from '../../../core/ports/job-store.js';
import {
  advanceJob,
  makeCluster,
  makeCommand,
  makeJob,
  makeRequest,
  makeResolution,
  uniqueName,
} from '../../support/job-fixtures.js';

/** A filter that lets everything pass. */
export const ANY_JOB: JobFilter = {
  statuses: [],
  user: null,
  name: null,
  tags: [],
  cluster: null,
  command: null,
  grouping: null,
  groupingInstance: null,
  createdFrom: null,
  createdBefore: null,
};

/** Defines the tests. `store` gives the store once the tests run. */
export function jobListingTests(store: () => JobStore): void {
  describe('list', () => {
    test('pages in both orders, each job once, also when many have the same time', async () => {
      const user = uniqueName('user');
      const jobs = Array.from({ length: 23 }, (_, index) =>
        makeJob({ createdAt: 5000 + Math.floor(index / 5), request: makeRequest({ user }) }),
      );
      await insertAll(store(), jobs);
      const oldest = [...jobs].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)).map((job) => job.id);
      expect(await collectIds(store(), { user }, 'oldest', 4)).toEqual(oldest);
      expect(await collectIds(store(), { user }, 'newest', 4)).toEqual([...oldest].reverse());
    });

    test('each fact of a job finds it, and another value does not', async () => {
      const cluster = makeCluster({ id: uniqueName('id'), name: uniqueName('cluster') });
      const command = makeCommand({ id: uniqueName('id'), name: uniqueName('command') });
      const name = uniqueName();
      const user = uniqueName();
      const grouping = uniqueName();
      const groupingInstance = uniqueName();
      const tags = [uniqueName('tag'), uniqueName('tag')];
      const request = makeRequest({ name, user, grouping, groupingInstance, tags });
      const job = makeJob({ request, resolution: makeResolution({ cluster, command }) });
      await insertAll(store(), [job, makeJob()]);
      const filters: Partial<JobFilter>[] = [
        { name },
        { user },
        { grouping },
        { groupingInstance },
        { tags: tags.slice(0, 1) },
        { tags },
        { cluster: cluster.id },
        { cluster: cluster.name },
        { command: command.id },
        { command: command.name },
        { name, user, grouping, groupingInstance, tags, cluster: cluster.id, command: command.name },
      ];
      for (const filter of filters) expect(await collectIds(store(), filter, 'newest', 10)).toEqual([job.id]);
      expect(await collectIds(store(), { name: user }, 'newest', 10)).toEqual([]);
      expect(await collectIds(store(), { tags: [...tags, uniqueName()] }, 'newest', 10)).toEqual([]);
      expect(await collectIds(store(), { user, cluster: command.id }, 'newest', 10)).toEqual([]);
    });

    test('a job without a name is found by its id', async () => {
      const job = makeJob({ request: makeRequest({ name: '' }) });
      await store().insert({ job });
      expect(await collectIds(store(), { name: job.id }, 'newest', 10)).toEqual([job.id]);
    });

    test('statuses are any of, and follow every replace', async () => {
      const user = uniqueName('user');
      const jobs = Array.from({ length: 6 }, (_, index) =>
        makeJob({ createdAt: 100 + index, request: makeRequest({ user }) }),
      );
      await insertAll(store(), jobs);
      const claimed = jobs.slice(0, 4).map((job) => advanceJob(job, 'CLAIMED'));
      const failed = claimed.slice(0, 2).map((job) => advanceJob(job, 'FAILED'));
      for (const job of [...claimed, ...failed]) await store().replace({ job });
      const ids = idsOf(jobs);
      expect(await collectIds(store(), { user, statuses: ['ACCEPTED'] }, 'oldest', 4)).toEqual(ids.slice(4));
      expect(await collectIds(store(), { user, statuses: ['CLAIMED'] }, 'oldest', 4)).toEqual(ids.slice(2, 4));
      expect(await collectIds(store(), { user, statuses: ['FAILED', 'ACCEPTED'] }, 'newest', 1)).toEqual([
        ids[5],
        ids[4],
        ids[1],
        ids[0],
      ]);
      expect(await collectIds(store(), { user, statuses: ['KILLED'] }, 'oldest', 4)).toEqual([]);
    });

    test('statuses without any other part page in order across the statuses', async () => {
      const from = uniqueTime();
      const jobs = Array.from({ length: 9 }, (_, index) => makeJob({ createdAt: from + index }));
      await insertAll(store(), jobs);
      for (const job of jobs.filter((_, index) => index % 3 === 0)) {
        await store().replace({ job: advanceJob(job, 'KILLED', { updatedAt: from + 10 }) });
      }
      const range = { createdFrom: from, createdBefore: from + 9 };
      expect(await collectIds(store(), { ...range, statuses: ['ACCEPTED', 'KILLED'] }, 'oldest', 2)).toEqual(
        idsOf(jobs),
      );
    });

    test('the range of time includes its start and excludes its end', async () => {
      const from = uniqueTime();
      const jobs = Array.from({ length: 5 }, (_, index) => makeJob({ createdAt: from + index }));
      await insertAll(store(), jobs);
      const range = { createdFrom: from + 1, createdBefore: from + 4 };
      expect(await collectIds(store(), range, 'oldest', 2)).toEqual(idsOf(jobs.slice(1, 4)));
      expect(await collectIds(store(), range, 'newest', 2)).toEqual(idsOf(jobs.slice(1, 4)).toReversed());
    });

    test('a place before the range starts at the range', async () => {
      const from = uniqueTime();
      const job = makeJob({ createdAt: from });
      await store().insert({ job });
      const filter = { ...ANY_JOB, createdFrom: from, createdBefore: from + 1 };
      const before = { createdAt: from - 1000, id: 'x' };
      const behind = { createdAt: from + 1000, id: 'x' };
      expect(idsOf(await store().list({ filter, order: 'oldest', after: before, limit: 5 }))).toEqual([job.id]);
      expect(idsOf(await store().list({ filter, order: 'newest', after: behind, limit: 5 }))).toEqual([job.id]);
      expect(idsOf(await store().list({ filter, order: 'oldest', after: behind, limit: 5 }))).toEqual([]);
    });
  });
}

/** A time that no other test uses, long before the fixtures' own. */
export function uniqueTime(): number {
  return randomInt(1_000_000_000, 1_000_000_000_000);
}

/** Ids of all jobs that pass, page by page. */
export async function collectIds(
  store: JobStore,
  part: Partial<JobFilter>,
  order: 'newest' | 'oldest',
  limit: number,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let after: JobPosition | null = null; ;) {
    const page: readonly Job[] = await store.list({ filter: { ...ANY_JOB, ...part }, order, after, limit });
    ids.push(...page.map((job) => job.id));
    const last = page.at(-1);
    if (last === undefined) return ids;
    after = { createdAt: last.createdAt, id: last.id };
  }
}

function idsOf(jobs: readonly Job[]): readonly string[] {
  return jobs.map((job) => job.id);
}

async function insertAll(store: JobStore, jobs: readonly Job[]): Promise<void> {
  await Promise.all(jobs.map((job) => store.insert({ job })));
}
