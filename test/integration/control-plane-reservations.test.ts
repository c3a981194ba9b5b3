import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ClaimOutcome } from '../../proto/gen/marid/v1/worker_service_pb.js';
import {
  anyJob,
  openControlPlane,
  registerEntries,
  storedJob,
  type TestControlPlane,
} from '../support/control-plane.js';
import { eventually } from '../support/eventually.js';

let plane: TestControlPlane;

beforeEach(async () => {
  plane = await openControlPlane({ config: { reserveAfterMs: 100 } });
  await registerEntries(plane);
});

afterEach(async () => {
  await plane.stop();
});

const register = (workerId: string, memoryBudgetMb = 1000) => {
  const facts = { pool: 'default', host: 'host', address: '127.0.0.1:1', memoryBudgetMb, version: 'test' };
  return plane.workers.registerWorker({ workerId, session: `${workerId}-1`, ...facts });
};

const submit = (jobId: string, memoryMb: number) => plane.jobs.submitJob({ jobId, job: anyJob({ memoryMb }) });

async function claim(workerId: string, jobId: string, claimId = `${workerId}-${jobId}`) {
  const request = { workerId, session: `${workerId}-1`, claims: [{ jobId, claimId }] };
  return (await plane.workers.claim(request)).results[0]?.outcome;
}

async function claimNext(workerId: string, memoryMb: number) {
  const request = { workerId, session: `${workerId}-1`, maxJobs: 10, claimId: `${String(Math.random())}` };
  const { specifications, reservation } = await plane.workers.claimNext({ ...request, memoryMb });
  return { jobs: specifications.map(({ jobId }) => jobId), reservedFor: reservation?.jobId ?? null };
}

/** Waits until a worker is held for the job; its id. */
const holderOf = (jobId: string): Promise<string> =>
  eventually(`a worker for ${jobId}`, async () => {
    const { workers } = await plane.fleet.listWorkers({});
    return workers.find(({ reservedJobId }) => reservedJobId === jobId)?.id;
  });

describe('a reserved worker', () => {
  test('gets nothing else until its job fits, then anything', async () => {
    await register('w');
    await submit('earlier', 100);
    expect(await claim('w', 'earlier')).toBe(ClaimOutcome.CLAIMED);
    await submit('big', 900);
    await holderOf('big');
    await submit('small', 100);
    expect(await claim('w', 'small')).toBe(ClaimOutcome.REFUSED);
    expect(await claim('w', 'earlier')).toBe(ClaimOutcome.CLAIMED); // its answer was lost
    expect(await claimNext('w', 800)).toEqual({ jobs: [], reservedFor: 'big' });
    const told = await plane.workers.sync({ workerId: 'w', session: 'w-1', memoryFreeMb: 800 });
    expect(told.reservation).toMatchObject({ jobId: 'big', memoryMb: 900 });
    expect(await claimNext('w', 900)).toEqual({ jobs: ['big'], reservedFor: null });
    expect(await claimNext('w', 100)).toEqual({ jobs: ['small'], reservedFor: null });
  });

  test('is let go by its own question when its job waits no more', async () => {
    await register('w');
    await submit('big', 900);
    await holderOf('big');
    await plane.jobs.killJob({ jobId: 'big' });
    await submit('small', 100);
    expect(await claimNext('w', 100)).toEqual({ jobs: ['small'], reservedFor: null });
  });

  test('is followed by another when it drains', async () => {
    await register('a');
    await register('b');
    await submit('big', 900);
    const first = await holderOf('big');
    await plane.fleet.drainWorker({ workerId: first });
    const second = first === 'a' ? 'b' : 'a';
    await eventually('the other worker', async () => (await holderOf('big')) === second);
    expect(await claimNext(second, 900)).toEqual({ jobs: ['big'], reservedFor: null });
  });

  test('stays so when its process is replaced', async () => {
    await register('w');
    await submit('big', 900);
    await holderOf('big');
    await register('w');
    await submit('small', 100);
    expect(await claimNext('w', 100)).toEqual({ jobs: [], reservedFor: 'big' });
  });

  test('is none for a job that is larger than every budget: that is explained', async () => {
    await submit('huge', 5000);
    await submit('big', 900);
    await register('w');
    await register('v');
    await holderOf('big');
    const { workers } = await plane.fleet.listWorkers({});
    expect(workers.map(({ reservedJobId }) => reservedJobId).sort()).toEqual(['', 'big']);
    const { summary } = await plane.jobs.explainJob({ jobId: 'huge' });
    expect(summary).toContain('does not fit any worker');
    expect((await storedJob(plane, 'huge')).status).toBe('ACCEPTED');
  });
});
