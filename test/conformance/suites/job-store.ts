/** What every `JobStore` does. Names and times are new in each test, so that a store may be shared and need not be empty. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Job } from '../../../core/job/job.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import {
  advanceJob,
  makeCluster,
  makeCommand,
  makeJob,
  makeRequest,
  makeResolution,
  uniqueName,
  waitingJobOf,
} from '../../support/job-fixtures.js';
import { collectIds, jobListingTests, uniqueTime } from './job-store-listing.js';

/** A store under test. */
export interface JobStoreHarness {
  readonly store: JobStore;
  close(): Promise<void>;
}

/** Runs the suite. `open` gives a store that it may keep for all tests. */
export function jobStoreSuite(product: string, open: () => Promise<JobStoreHarness>): void {
  describe(`JobStore: ${product}`, () => {
    let harness: JobStoreHarness;
    let store: JobStore;
    beforeAll(async () => {
      harness = await open();
      store = harness.store;
    });
    afterAll(() => harness.close());

    const insertAll = async (jobs: readonly Job[]): Promise<void> => {
      await Promise.all(jobs.map((job) => store.insert({ job })));
    };
    const idsOf = (jobs: readonly Job[]): readonly string[] => jobs.map((job) => job.id);

    describe('insert and get', () => {
      test('a job comes back as it was put in', async () => {
        const request = makeRequest({
          metadata: { nested: { list: [1, null, 'zwölf', true], text: 'nul \0 and "quotes" 🦊' } },
          tags: ['with space', 'ünï', 'quote"', "apostrophe'"],
          environment: { PATH: '/bin' },
        });
        const job = makeJob({ request });
        expect(await store.insert({ job })).toBe(true);
        expect(await store.get({ id: job.id })).toEqual(job);
      });

      test('a job that is said to be visible is found, and decided on at once', async () => {
        const job = makeJob();
        let [seen, changed] = [Promise.resolve<Job | null>(job), Promise.resolve(true)];
        const onVisible = (): void => {
          seen = store.get({ id: job.id });
          changed = store.replace({ job: { ...job, revision: job.revision + 1 } });
        };
        expect(await store.insert({ job, onVisible })).toBe(true);
        expect(await seen).toEqual(job);
        expect(await changed).toBe(true);
      });

      test('a job is stored as it is at the latest moment, and goes on from there', async () => {
        const job = makeJob();
        const latest = { ...job, revision: job.revision + 1, reason: 'LATER' };
        expect(await store.insert({ job, latest: () => latest })).toBe(true);
        expect(await store.get({ id: job.id })).toEqual(latest);
        expect(await store.replace({ job: { ...latest, revision: latest.revision + 1 } })).toBe(true);
      });

      test('an id that is taken is refused and the first job stays', async () => {
        const job = makeJob();
        expect(await store.insert({ job })).toBe(true);
        let visible = false;
        const second = { job: makeJob({ id: job.id, reason: 'SECOND' }), onVisible: () => (visible = true) };
        expect(await store.insert(second)).toBe(false);
        expect(visible).toBe(false);
        expect(await store.get({ id: job.id })).toEqual(job);
      });

      test('of many inserts with one id exactly one wins', async () => {
        const id = uniqueName('job');
        const results = await Promise.all(
          Array.from({ length: 50 }, (_, index) => store.insert({ job: makeJob({ id, reason: String(index) }) })),
        );
        expect(results.filter(Boolean)).toHaveLength(1);
        expect((await store.get({ id }))?.reason).toBe(String(results.indexOf(true)));
      });

      test('an id that nobody inserted gives null', async () => {
        expect(await store.get({ id: uniqueName('job') })).toBeNull();
      });

      test('getMany keeps the order of the ids and gives null where there is none', async () => {
        const [first, second] = [makeJob(), makeJob()];
        await insertAll([first, second]);
        const ids = [second.id, uniqueName('job'), first.id, second.id];
        expect(await store.getMany({ ids })).toEqual([second, null, first, second]);
        expect(await store.getMany({ ids: [] })).toEqual([]);
      });
    });

    describe('replace', () => {
      test('the next revision is written whole and read back at once', async () => {
        const job = makeJob();
        await store.insert({ job });
        const claimed = advanceJob(job, 'CLAIMED');
        expect(await store.replace({ job: claimed })).toBe(true);
        expect(await store.get({ id: job.id })).toEqual(claimed);
        const ended = advanceJob(claimed, 'FAILED', { message: 'exit code 1' });
        expect(await store.replace({ job: ended })).toBe(true);
        expect(await store.get({ id: job.id })).toEqual(ended);
      });

      test('another revision than the next is refused and nothing is written', async () => {
        const job = makeJob();
        await store.insert({ job });
        const next = advanceJob(job, 'CLAIMED');
        expect(await store.replace({ job: { ...next, revision: 3 } })).toBe(false);
        expect(await store.replace({ job: { ...next, revision: 1 } })).toBe(false);
        expect(await store.get({ id: job.id })).toEqual(job);
      });

      test('a job that is gone is refused and not created', async () => {
        const job = advanceJob(makeJob(), 'CLAIMED');
        expect(await store.replace({ job })).toBe(false);
        expect(await store.get({ id: job.id })).toBeNull();
      });

      test('of 200 concurrent replaces of one revision exactly one wins', async () => {
        const job = makeJob();
        await store.insert({ job });
        const attempts = Array.from({ length: 200 }, (_, index) =>
          advanceJob(job, 'CLAIMED', { workerId: `worker-${String(index)}` }),
        );
        const results = await Promise.all(attempts.map((each) => store.replace({ job: each })));
        expect(results.filter(Boolean)).toHaveLength(1);
        expect(await store.get({ id: job.id })).toEqual(attempts[results.indexOf(true)]);
      });
    });

    jobListingTests(() => store);

    describe('dueOffers', () => {
      test('gives ACCEPTED jobs whose time has come, earliest first, at most the limit', async () => {
        const now = uniqueTime();
        const jobs = [30, 10, 20, -5].map((ago) => makeJob({ nextOfferAt: now - ago }));
        const claimed = makeJob({ nextOfferAt: now - 40 });
        await insertAll([...jobs, claimed]);
        await store.replace({ job: advanceJob(claimed, 'CLAIMED') });
        const mine = new Set(idsOf([...jobs, claimed]));
        const due = (await store.dueOffers({ now, limit: 1000 })).filter((job) => mine.has(job.id));
        expect(due).toEqual([jobs[0], jobs[2], jobs[1]]);
        expect(await store.dueOffers({ now, limit: 2 })).toHaveLength(2);
      });

      test('includes the very moment, and forgets a job whose time was moved', async () => {
        const now = uniqueTime();
        const job = makeJob({ nextOfferAt: now });
        await store.insert({ job });
        expect(idsOf(await store.dueOffers({ now, limit: 1000 }))).toContain(job.id);
        await store.replace({ job: advanceJob(job, 'ACCEPTED', { nextOfferAt: now + 10_000, offers: 1 }) });
        expect(idsOf(await store.dueOffers({ now, limit: 1000 }))).not.toContain(job.id);
      });
    });

    describe('waiting', () => {
      test('gives the jobs of the pool that fit, oldest first', async () => {
        const pool = uniqueName('pool');
        const jobs = [4000, 1000, 3000, 2000].map((memoryMb, index) =>
          makeJob({ pool, memoryMb, createdAt: 900 - index }),
        );
        const [, small, large, middle] = jobs.map(waitingJobOf);
        await insertAll([...jobs, makeJob({ memoryMb: 1, pool: uniqueName('pool') })]);
        expect(await store.waiting({ pool, memoryMb: 3000, limit: 10 })).toEqual([middle, large, small]);
        expect(await store.waiting({ pool, memoryMb: 3000, limit: 1 })).toEqual([middle]);
        expect(await store.waiting({ pool, memoryMb: 999, limit: 10 })).toEqual([]);
      });

      test('a claimed job waits no longer, and one that was given back does again', async () => {
        const pool = uniqueName('pool');
        const job = makeJob({ pool });
        await store.insert({ job });
        const claimed = advanceJob(job, 'CLAIMED');
        await store.replace({ job: claimed });
        expect(await store.waiting({ pool, memoryMb: 9999, limit: 10 })).toEqual([]);
        const again = advanceJob(claimed, 'ACCEPTED');
        await store.replace({ job: again });
        expect(await store.waiting({ pool, memoryMb: 9999, limit: 10 })).toEqual([waitingJobOf(again)]);
      });
    });

    test('ownedBy gives what the worker holds, from the claim to the end', async () => {
      const workerId = uniqueName('worker');
      const jobs = [makeJob(), makeJob()];
      await insertAll(jobs);
      const claimed = jobs.map((job) => advanceJob(job, 'CLAIMED', { workerId }));
      for (const job of claimed) await store.replace({ job });
      expect(idsOf(await store.ownedBy({ workerId })).toSorted()).toEqual(idsOf(jobs).toSorted());
      const [first, second] = claimed;
      if (first === undefined || second === undefined) throw new Error('two jobs were claimed');
      const running = advanceJob(first, 'RUNNING');
      await store.replace({ job: running });
      await store.replace({ job: advanceJob(second, 'SUCCEEDED') });
      expect(await store.ownedBy({ workerId })).toEqual([running]);
      expect(await store.ownedBy({ workerId: uniqueName('worker') })).toEqual([]);
    });

    test('ownedBy is not misled by what the caller knows', async () => {
      const workerId = uniqueName('worker');
      const jobs = [makeJob(), makeJob()];
      await insertAll(jobs);
      const claimed = jobs.map((job) => advanceJob(job, 'CLAIMED', { workerId }));
      for (const job of claimed) await store.replace({ job });
      const [first, second] = claimed;
      if (first === undefined || second === undefined) throw new Error('two jobs were claimed');
      const running = advanceJob(first, 'RUNNING');
      await store.replace({ job: running });
      const known = (id: string) => claimed.find((job) => job.id === id);
      const owned = await store.ownedBy({ workerId, known });
      expect(owned.toSorted((a, b) => (a.id === running.id ? -1 : b.id === running.id ? 1 : 0))).toEqual([
        running,
        second,
      ]);
    });

    describe('unpublished and markPublished', () => {
      test('a job is unpublished until its last transition is marked, and again after the next', async () => {
        const at = uniqueTime();
        const job = makeJob({ createdAt: at });
        await store.insert({ job });
        const isUnpublished = async (): Promise<boolean> =>
          idsOf(await store.unpublished({ updatedBefore: at + 1, limit: 1000 })).includes(job.id);
        expect(await isUnpublished()).toBe(true);
        await store.markPublished({ marks: [{ id: job.id, sequence: 2 }] });
        expect(await isUnpublished()).toBe(true);
        await store.markPublished({ marks: [{ id: job.id, sequence: 3 }] });
        expect(await isUnpublished()).toBe(false);
        const claimed = advanceJob({ ...job, publishedSequence: 3 }, 'CLAIMED', { updatedAt: at });
        await store.replace({ job: claimed });
        expect(await isUnpublished()).toBe(true);
      });

      test('only jobs that changed before the given time count, oldest change first', async () => {
        const at = uniqueTime();
        const jobs = [2, 0, 1, 3].map((later) => makeJob({ createdAt: at + later }));
        await insertAll(jobs);
        const mine = new Set(idsOf(jobs));
        const found = await store.unpublished({ updatedBefore: at + 3, limit: 1000 });
        expect(found.filter((job) => mine.has(job.id))).toEqual([jobs[1], jobs[2], jobs[0]]);
      });

      test('a mark raises and never lowers, leaves the revision, and passes over jobs that are gone', async () => {
        const [first, second] = [makeJob(), makeJob()];
        await insertAll([first, second]);
        const marks = [first, makeJob(), second].map((job) => ({ id: job.id, sequence: 3 }));
        await store.markPublished({ marks });
        await store.markPublished({ marks: [{ id: first.id, sequence: 1 }] });
        await store.markPublished({ marks: [] });
        expect(await store.get({ id: first.id })).toEqual({ ...first, publishedSequence: 3 });
        expect(await store.get({ id: second.id })).toEqual({ ...second, publishedSequence: 3 });
      });

      test('a replace made from an older read does not lower what was marked meanwhile', async () => {
        const job = makeJob();
        await store.insert({ job });
        await store.markPublished({ marks: [{ id: job.id, sequence: 3 }] });
        await store.replace({ job: advanceJob(job, 'CLAIMED') });
        expect((await store.get({ id: job.id }))?.publishedSequence).toBe(3);
      });
    });

    test('countActive counts jobs that have not ended, by cluster, command or both', async () => {
      const clusters = [makeCluster(), makeCluster()];
      const command = makeCommand();
      const jobs = [0, 0, 1].map((index) =>
        makeJob({ resolution: makeResolution({ command, ...(clusters[index] && { cluster: clusters[index] }) }) }),
      );
      await insertAll(jobs);
      const clusterId = clusters[0]?.id ?? '';
      expect(await store.countActive({ commandId: command.id })).toBe(3);
      expect(await store.countActive({ clusterId })).toBe(2);
      expect(await store.countActive({ clusterId, commandId: command.id })).toBe(2);
      expect(await store.countActive({ clusterId, commandId: uniqueName('id') })).toBe(0);
      expect(await store.countActive({})).toBeGreaterThanOrEqual(3);
      const [first] = jobs;
      if (first === undefined) throw new Error('three jobs were made');
      const claimed = advanceJob(first, 'CLAIMED');
      await store.replace({ job: claimed });
      expect(await store.countActive({ clusterId })).toBe(2);
      await store.replace({ job: advanceJob(claimed, 'SUCCEEDED') });
      expect(await store.countActive({ clusterId })).toBe(1);
    });

    test('purge deletes what ended before the time, with its search entries, and nothing else', async () => {
      const at = uniqueTime();
      const user = uniqueName('user');
      const jobs = [0, 1, 2].map((index) => makeJob({ createdAt: at + index, request: makeRequest({ user }) }));
      await insertAll(jobs);
      const [old, later, active] = jobs;
      if (old === undefined || later === undefined || active === undefined) throw new Error('three jobs were made');
      await store.replace({ job: advanceJob(old, 'KILLED', { updatedAt: at + 10 }) });
      await store.replace({ job: advanceJob(later, 'KILLED', { updatedAt: at + 20 }) });
      while ((await store.purge({ endedBefore: at + 20, limit: 100 })) > 0);
      expect((await store.getMany({ ids: idsOf(jobs) })).map((job) => job !== null)).toEqual([false, true, true]);
      expect(await collectIds(store, { user }, 'oldest', 10)).toEqual([later.id, active.id]);
      expect(await store.insert({ job: old })).toBe(true);
    });
  });
}
