/** What every `JobSurvey` does, over jobs that the `JobStore` of the same product wrote. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArchiveStatus } from '../../../core/archive/archive-status.js';
import { deadlineBase } from '../../../core/job/deadline.js';
import type { Job } from '../../../core/job/job.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { JobSurvey } from '../../../core/ports/job-survey.js';
import { advanceJob, makeAttempt, makeJob, makeRequest, uniqueName } from '../../support/job-fixtures.js';

/** A product under test. */
export interface JobSurveyHarness {
  readonly store: JobStore;
  readonly survey: JobSurvey;
  close(): Promise<void>;
}

/** Runs the suite. `open` gives stores that it may keep for all tests. */
export function jobSurveySuite(product: string, open: () => Promise<JobSurveyHarness>): void {
  describe(`JobSurvey: ${product}`, () => {
    let harness: JobSurveyHarness;
    let store: JobStore;
    let survey: JobSurvey;
    beforeAll(async () => {
      harness = await open();
      ({ store, survey } = harness);
    });
    afterAll(() => harness.close());

    /** Writes the next revision and gives it. */
    async function write(job: Job): Promise<Job> {
      expect(await store.replace({ job })).toBe(true);
      return job;
    }

    /** A job that runs since `startedAt`, with a timeout of 1000 ms. */
    async function runningJob(startedAt: number, user = 'tester'): Promise<Job> {
      const job = makeJob({ timeoutMs: 1000, request: makeRequest({ user }) });
      await store.insert({ job });
      const claimed = await write(advanceJob(job, 'CLAIMED'));
      return write(advanceJob(claimed, 'RUNNING', { startedAt, updatedAt: startedAt }));
    }

    test('overdue finds jobs by what deadlineBase says, the earliest first, before a time and up to a limit', async () => {
      const at = 5000;
      const jobs = [await runningJob(at + 2), await runningJob(at), await runningJob(at + 3), await runningJob(at + 1)];
      const [third, first, , second] = jobs;
      expect(first === undefined ? null : deadlineBase(first)).toEqual({ stage: 'RUNNING', at: at + 1000 });
      const find = (before: number, limit: number) => survey.overdue({ stage: 'RUNNING', before, limit });
      expect(await find(at + 1000 + 3, 10)).toEqual([first, second, third]);
      expect(await find(at + 1000 + 3, 2)).toEqual([first, second]);
      expect(await find(at + 1000, 10)).toEqual([]);
    });

    test('a job is in one stage at a time, and in none when it has ended', async () => {
      const stagesOf = async (id: string): Promise<readonly string[]> => {
        const stages = ['ACCEPTED', 'CLAIMED', 'INIT', 'RUNNING', 'KILL'] as const;
        const found = await Promise.all(
          stages.map(async (stage) => {
            const jobs = await survey.overdue({ stage, before: Number.MAX_SAFE_INTEGER, limit: 1000 });
            return jobs.some((job) => job.id === id) ? [stage] : [];
          }),
        );
        return found.flat();
      };
      const job = makeJob();
      await store.insert({ job });
      expect(await stagesOf(job.id)).toEqual(['ACCEPTED']);
      const claimed = await write(advanceJob(job, 'CLAIMED'));
      expect(await stagesOf(job.id)).toEqual(['CLAIMED']);
      const init = await write(advanceJob(claimed, 'INIT'));
      expect(await stagesOf(job.id)).toEqual(['INIT']);
      const kill = { at: init.updatedAt, actor: 'user:ada', reason: '' };
      const asked = await write({ ...init, revision: init.revision + 1, kill });
      expect(await stagesOf(job.id)).toEqual(['KILL']);
      await write(advanceJob(asked, 'KILLED'));
      expect(await stagesOf(job.id)).toEqual([]);
    });

    test('pendingArchives finds jobs by the first archive that is pending, also when they have ended', async () => {
      const at = 7000;
      const add = async (...archives: readonly (readonly [ArchiveStatus, number])[]): Promise<Job> => {
        const job = makeJob();
        await store.insert({ job });
        const attempts = archives.map(([status, since], index) =>
          makeAttempt({ number: index + 1, archive: { status, at: since, message: '' } }),
        );
        return write({ ...advanceJob(job, 'KILLED'), attempts });
      };
      const find = (before: number, limit: number) => survey.pendingArchives({ before, limit });
      const second = await add(['PENDING', at + 5], ['PENDING', at + 1]);
      const first = await add(['ARCHIVED', at - 9], ['PENDING', at]);
      await add(['ARCHIVED', at]);
      expect(await find(at + 2, 10)).toEqual([first, second]);
      expect(await find(at + 2, 1)).toEqual([first]);
      expect(await find(at, 10)).toEqual([]);
      const archive = { status: 'ARCHIVED', at, message: 'done' } as const;
      const done = await write({ ...first, revision: first.revision + 1, attempts: [makeAttempt({ archive })] });
      expect(await find(at + 2, 10)).toEqual([second]);
      expect(await store.get({ id: first.id })).toEqual(done);
    });

    test('countEnded counts terminal jobs', async () => {
      const before = await survey.countEnded();
      const job = makeJob();
      await store.insert({ job });
      expect(await survey.countEnded()).toBe(before);
      await write(advanceJob(job, 'KILLED'));
      expect(await survey.countEnded()).toBe(before + 1);
    });

    test('usage counts what has not ended by user and pool, waiting jobs apart', async () => {
      const [ada, bob] = [uniqueName('ada'), uniqueName('bob')];
      const add = async (user: string, pool: string, memoryMb: number): Promise<Job> => {
        const job = makeJob({ request: makeRequest({ user, pool }), memoryMb });
        await store.insert({ job });
        return job;
      };
      await add(ada, 'gpu', 100);
      await add(ada, 'gpu', 200);
      await write(advanceJob(await add(ada, 'gpu', 400), 'CLAIMED'));
      await write(advanceJob(await add(ada, 'default', 800), 'CLAIMED'));
      await write(advanceJob(await add(bob, 'gpu', 1600), 'KILLED'));
      const mine = (await survey.usage()).filter(({ user }) => [ada, bob].includes(user));
      expect(mine.toSorted((a, b) => (a.pool < b.pool ? -1 : 1))).toEqual([
        { user: ada, pool: 'default', activeJobs: 1, waitingJobs: 0, memoryMb: 800 },
        { user: ada, pool: 'gpu', activeJobs: 3, waitingJobs: 2, memoryMb: 400 },
      ]);
    });
  });
}
