import { afterEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { isMaridError } from '../../core/errors/marid-error.js';
import type { ControlPlaneConfig } from '../../services/control-plane/config.js';
import {
  anyJob,
  openControlPlane,
  registerEntries,
  registerWorker,
  sendEvents,
  type TestControlPlane,
} from '../support/control-plane.js';
import { eventually } from '../support/eventually.js';
import { makeTemporaryFolder } from '../support/temporary-folder.js';

const planes: TestControlPlane[] = [];
afterEach(async () => {
  for (const plane of planes.splice(0).reverse()) await plane.stop();
});

async function open(config: Partial<ControlPlaneConfig>, beside?: TestControlPlane): Promise<TestControlPlane> {
  const plane = await openControlPlane({ config, ...(beside === undefined ? {} : { beside }) });
  planes.push(plane);
  if (beside === undefined) await registerEntries(plane);
  return plane;
}

/** `created`, `repeated`, or the message of the refusal. */
async function submit(plane: TestControlPlane, jobId: string, user = 'ada'): Promise<string> {
  try {
    const { created } = await plane.jobs.submitJob({ jobId, job: { ...anyJob(), user } });
    return created ? 'created' : 'repeated';
  } catch (error) {
    if (isMaridError(error) && error.code === 'RESOURCE_EXHAUSTED') return error.message;
    throw error;
  }
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `j${String(index)}`);
const FULL = 'User ada has 2 active jobs and may have 2; submit again when one has ended.';

describe('the limit of active jobs per user', () => {
  test('lets in exactly as many of 200 at once as it says, over two control planes', async () => {
    const a = await open({ maxActiveJobsPerUser: 50 });
    const b = await open({ maxActiveJobsPerUser: 50 }, a);
    const results = await Promise.all(ids(200).map((id, index) => submit(index % 2 === 0 ? a : b, id)));
    expect(results.filter((each) => each === 'created')).toHaveLength(50);
    expect(results.filter((each) => each.includes('has 50 active jobs and may have 50'))).toHaveLength(150);
    const { jobs } = await a.jobs.listJobs({ pageSize: 1000 });
    expect(jobs).toHaveLength(50);
  });

  test('counts no job twice, whether it is active or has ended', async () => {
    const plane = await open({ maxActiveJobsPerUser: 2 });
    expect(await Promise.all([submit(plane, 'a'), submit(plane, 'a'), submit(plane, 'a')])).toContain('created');
    expect(await submit(plane, 'b')).toBe('created');
    expect(await submit(plane, 'a')).toBe('repeated');
    expect(await submit(plane, 'c')).toBe(FULL);
    await plane.jobs.killJob({ jobId: 'a' });
    expect(await submit(plane, 'c')).toBe('created');
    expect(await submit(plane, 'a')).toBe('repeated');
    expect(await submit(plane, 'd')).toBe(FULL);
  });

  test('is free again when a job has run to its end', async () => {
    const plane = await open({ maxActiveJobsPerUser: 1 });
    await registerWorker(plane, 'w');
    await submit(plane, 'a');
    await plane.workers.claim({ workerId: 'w', session: 'w-1', claims: [{ jobId: 'a', claimId: 'a' }] });
    expect(await submit(plane, 'b')).toContain('has 1 active job and may have 1');
    await sendEvents(plane.log, [{ jobId: 'a', workerId: 'w', sequence: 1, status: 'SUCCEEDED' }]);
    await eventually('room', async () => (await submit(plane, 'b')) === 'created');
  });

  test('can be another one, or none, for single users', async () => {
    const plane = await open({ maxActiveJobsPerUser: 1, maxActiveJobsByUser: { bob: 2, eve: 0, root: null } });
    const submitted = async (user: string) => {
      const results = await Promise.all(ids(4).map((id) => submit(plane, `${user}-${id}`, user)));
      return results.filter((each) => each === 'created').length;
    };
    expect([await submitted('ada'), await submitted('bob'), await submitted('eve'), await submitted('root')]).toEqual([
      1, 2, 0, 4,
    ]);
  });

  test('tells the limit and the count as facts', async () => {
    const plane = await open({ maxActiveJobsPerUser: 0 });
    await expect(plane.jobs.submitJob({ job: anyJob() })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      facts: { user: 'ada', limit: '0', active_jobs: '0' },
    });
  });

  test('a slot that a crash has left behind is found before anybody is refused, and jobs from before the limit count', async () => {
    const folder = makeTemporaryFolder();
    const path = join(folder.path, 'marid.db');
    const before = await openControlPlane({ path });
    await registerEntries(before);
    await submit(before, 'old');
    const since = Date.now() - 120_000;
    const slots = ['never-1', 'never-2'].map((jobId) => ({ jobId, since }));
    await before.userSlots.put({ record: { user: 'ada', revision: 1, slots } });
    await before.stop();
    const plane = await openControlPlane({ path, config: { maxActiveJobsPerUser: 2 } });
    expect(await submit(plane, 'new')).toBe('created');
    await eventually('the comparison', async () => {
      const record = await plane.userSlots.get({ user: 'ada' });
      return (
        record?.slots
          .map(({ jobId }) => jobId)
          .sort()
          .join() === 'new,old'
      );
    });
    expect(await submit(plane, 'more')).toBe(FULL);
    await plane.stop();
    folder.remove();
  });
});
