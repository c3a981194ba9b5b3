/** Calls for jobs that a control plane holds until there are some. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { toDuration } from '../../proto/codec/index.js';
import type { JobSpecification } from '../../proto/gen/marid/v1/job_pb.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { anyJob, openControlPlane, registerEntries, type TestControlPlane } from '../support/control-plane.js';
import { eventually } from '../support/eventually.js';

/** Longer than any test. */
const LONG_MS = 30_000;

let plane: TestControlPlane;
let calls = 0;

beforeEach(async () => {
  plane = await openControlPlane();
  await registerEntries(plane);
});

afterEach(async () => {
  await plane.stop();
});

const register = (workerId = 'w', session = `${workerId}-1`) => {
  const facts = { pool: 'default', host: 'host', address: '127.0.0.1:1', memoryBudgetMb: 1000, version: 'test' };
  return plane.workers.registerWorker({ workerId, session, ...facts });
};

const submit = (jobId: string, memoryMb = 100) => plane.jobs.submitJob({ jobId, job: anyJob({ memoryMb }) });

interface Call {
  readonly claimId: string;
  readonly jobs: Promise<readonly string[]>;
  readonly cancel: () => void;
}

/** Asks for jobs; resolves when the control plane has the call. */
async function ask(o: { workerId?: string; memoryMb?: number; waitMs?: number; claimId?: string } = {}): Promise<Call> {
  const { workerId = 'w', memoryMb = 1000, waitMs = LONG_MS, claimId = `call-${String((calls += 1))}` } = o;
  const names = { workerId, session: `${workerId}-1`, claimId, first: o.claimId === undefined };
  const given = new AbortController();
  const answer = plane.workers.claimNext(
    { ...names, memoryMb, maxJobs: 10, ...(waitMs > 0 ? { wait: toDuration(waitMs) } : {}) },
    { signal: given.signal },
  );
  const jobs = answer.then(({ specifications }) => specifications.map(({ jobId }: JobSpecification) => jobId));
  jobs.catch(() => undefined);
  await plane.fleet.listWorkers({}); // behind it
  return { claimId, jobs, cancel: () => given.abort() };
}

const ownerOf = async (jobId: string): Promise<string | undefined> =>
  (await plane.store.get({ id: jobId }))?.claim?.workerId;

describe('a call that waits for jobs', () => {
  test('gets a job with its submit, which tells of it as it was accepted', async () => {
    expect((await register()).claimNextWaits).toBe(true);
    const call = await ask();
    const { job } = await submit('a');
    expect(job?.status).toBe(JobStatus.ACCEPTED);
    expect(await call.jobs).toEqual(['a']);
    const stored = await plane.store.get({ id: 'a' });
    expect(stored).toMatchObject({ status: 'CLAIMED', attempt: 1, offers: 0, nextOfferAt: null });
    expect(stored?.claim).toMatchObject({ workerId: 'w', session: 'w-1', claimId: call.claimId });
    expect(stored?.history.map(({ to }) => to)).toEqual(['RESERVED', 'RESOLVED', 'ACCEPTED', 'CLAIMED']);
  });

  test('gets what is submitted together as far as it has room; the rest goes to the next call', async () => {
    await register();
    const first = await ask({ memoryMb: 250 });
    await Promise.all(['a', 'b', 'c'].map((id) => submit(id)));
    expect(await first.jobs).toEqual(['a', 'b']);
    expect(await (await ask()).jobs).toEqual(['c']);
  });

  test('shares what is submitted together with the calls of other workers', async () => {
    await Promise.all(['w', 'x'].map((id) => register(id)));
    const held = await Promise.all(['w', 'x'].map((workerId) => ask({ workerId })));
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => submit(id)));
    const given = await Promise.all(held.map(({ jobs }) => jobs));
    expect(given.map(({ length }) => length)).toEqual([2, 2]);
    expect(given.flat().sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('gets its jobs again when its answer was lost', async () => {
    await register();
    const call = await ask();
    await submit('a');
    expect(await call.jobs).toEqual(['a']);
    expect(await (await ask({ claimId: call.claimId, waitMs: 0 })).jobs).toEqual(['a']);
    expect(await (await ask({ waitMs: 0 })).jobs).toEqual([]);
  });

  test('ends when it is repeated, and when it is given up; then it gets nothing', async () => {
    await register();
    const first = await ask();
    expect(await (await ask({ claimId: first.claimId, waitMs: 0 })).jobs).toEqual([]);
    expect(await first.jobs).toEqual([]);
    const second = await ask();
    second.cancel();
    await expect(second.jobs).rejects.toMatchObject({ code: 'CANCELLED' });
    await submit('a');
    expect(await ownerOf('a')).toBeUndefined();
    expect(await (await ask()).jobs).toEqual(['a']);
  });

  test('ends after its time', async () => {
    await register();
    expect(await (await ask({ waitMs: 1 })).jobs).toEqual([]);
  });

  test('gets a job once, however often it is submitted at the same time', async () => {
    await register();
    const call = await ask();
    const submitted = await Promise.all([submit('a'), submit('a'), submit('a')]);
    expect(submitted.map(({ created }) => created).sort()).toEqual([false, false, true]);
    expect(await call.jobs).toEqual(['a']);
    expect(await plane.store.get({ id: 'a' })).toMatchObject({ attempt: 1, status: 'CLAIMED' });
  });

  test('gets no job that is too large, and none of another pool', async () => {
    await Promise.all([register(), register('large')]);
    const call = await ask({ memoryMb: 500 });
    await submit('large', 900);
    expect(await ownerOf('large')).toBeUndefined();
    await submit('small', 100);
    expect(await call.jobs).toEqual(['small']);
    expect(await (await ask({ workerId: 'large' })).jobs).toEqual(['large']);
  });

  test('gets no new job while its worker drains', async () => {
    await register();
    const call = await ask({ waitMs: 500 });
    await plane.fleet.drainWorker({ workerId: 'w' });
    await submit('a');
    expect(await call.jobs).toEqual([]);
    expect(await ownerOf('a')).toBeUndefined();
  });

  test('is refused, and gets no new job, once a later session of its worker has begun', async () => {
    await register();
    const call = await ask();
    await register('w', 'w-2');
    await submit('a');
    await expect(call.jobs).rejects.toMatchObject({ code: 'STALE_SESSION' });
    expect(await ownerOf('a')).toBeUndefined();
  });

  test('is refused when the control plane ends', async () => {
    await register();
    const call = await ask();
    await plane.stop();
    await expect(call.jobs).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    plane = await openControlPlane();
  });

  test('does not keep room for offers of jobs that others have claimed', async () => {
    await Promise.all([register(), register('other')]);
    expect(await (await ask({ memoryMb: 1, waitMs: 1 })).jobs).toEqual([]);
    await submit('a');
    await plane.workers.claim({ workerId: 'other', session: 'other-1', claims: [{ jobId: 'a', claimId: 'x' }] });
    expect(await ownerOf('a')).toBe('other');
    const call = await ask({ memoryMb: 100 });
    await submit('b');
    expect(await call.jobs).toEqual(['b']);
  });

  test('gets a job that another worker has lost, when it is offered again', async () => {
    await Promise.all([register(), register('lost')]);
    const first = await ask({ workerId: 'lost' });
    await submit('a');
    expect(await first.jobs).toEqual(['a']);
    const call = await ask();
    await register('lost', 'lost-2');
    expect(await call.jobs).toEqual(['a']);
    expect(await plane.store.get({ id: 'a' })).toMatchObject({ attempt: 2, claim: { workerId: 'w' } });
  });
});

test('workers that do not ask are offered jobs through the log, and a pool without workers nothing', async () => {
  await submit('early');
  await register();
  await submit('a');
  const topic = 'marid.jobs.default';
  const offered: string[] = [];
  const subscription = await plane.log.subscribe({
    ...{ topics: [topic], start: { kind: 'group', group: 'readers' } },
    onRecords: (records) => offered.push(...records.map(({ key }) => key)),
    onAssignment: () => undefined,
    onBroken: () => undefined,
  });
  await eventually('the offer', () => offered.includes('a'));
  expect(offered[0]).toBe('a');
  await subscription.close();
  const call = await ask();
  expect(await call.jobs).toEqual(['early', 'a']);
});
