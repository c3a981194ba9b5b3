import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { agentPool } from '../../core/fleet/agent-pool.js';
import { ClaimOutcome } from '../../proto/gen/marid/v1/worker_service_pb.js';
import {
  anyJob,
  openControlPlane,
  registerEntries,
  registerWorker,
  type TestControlPlane,
} from '../support/control-plane.js';

let plane: TestControlPlane;

beforeEach(async () => {
  plane = await openControlPlane();
  await registerEntries(plane);
  await registerWorker(plane, 'w');
});

afterEach(async () => {
  await plane.stop();
});

function registerAgent(workerId: string, pool = agentPool(workerId)) {
  const facts = { host: 'host', address: '127.0.0.1:1', memoryBudgetMb: 100_000, version: 'test', held: [] };
  return plane.workers.registerWorker({ workerId, session: `${workerId}-1`, pool, ...facts });
}

function claimNext(workerId: string) {
  return plane.workers.claimNext({ workerId, session: `${workerId}-1`, memoryMb: 100_000, maxJobs: 10, claimId: 'n' });
}

async function claim(workerId: string): Promise<ClaimOutcome | undefined> {
  const claims = [{ jobId: 'j', claimId: workerId }];
  const { results } = await plane.workers.claim({ workerId, session: `${workerId}-1`, claims });
  return results[0]?.outcome;
}

describe('agents', () => {
  test('a job that is submitted for an agent is given to that agent only', async () => {
    const { job } = await plane.jobs.submitJob({ jobId: 'j', job: anyJob(), agentId: 'a' });
    expect(job?.agentId).toBe('a');
    await registerAgent('other');
    expect(await claim('w')).toBe(ClaimOutcome.GONE);
    expect((await claimNext('w')).specifications).toEqual([]);
    expect(await claim('other')).toBe(ClaimOutcome.GONE);
    expect((await claimNext('other')).specifications).toEqual([]);
    await registerAgent('a');
    expect((await claimNext('a')).specifications.map(({ jobId }) => jobId)).toEqual(['j']);
  });

  test('an agent gets no job of the fleet, and nobody gets the pool of an agent by another name', async () => {
    await plane.jobs.submitJob({ jobId: 'j', job: anyJob() });
    await registerAgent('a');
    expect(await claim('a')).toBe(ClaimOutcome.GONE);
    expect((await claimNext('a')).specifications).toEqual([]);
    await expect(registerAgent('b', agentPool('a'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const named = { ...anyJob(), pool: agentPool('a') };
    await expect(plane.jobs.submitJob({ job: named })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('the same job for another agent is another content; a retry is a job of the fleet', async () => {
    await plane.jobs.submitJob({ jobId: 'j', job: anyJob(), agentId: 'a' });
    expect((await plane.jobs.submitJob({ jobId: 'j', job: anyJob(), agentId: 'a' })).created).toBe(false);
    const other = plane.jobs.submitJob({ jobId: 'j', job: anyJob(), agentId: 'b' });
    await expect(other).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await expect(plane.jobs.submitJob({ job: anyJob(), agentId: 'a/b' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await plane.jobs.killJob({ jobId: 'j' });
    expect((await plane.jobs.retryJob({ jobId: 'j', newJobId: 'again' })).job?.agentId).toBe('');
  });

  test('agents are listed while they run', async () => {
    const ids = async () => (await plane.fleet.listWorkers({})).workers.map(({ id }) => id);
    await registerAgent('a');
    expect(await ids()).toContain('a');
    await plane.workers.sync({ workerId: 'a', session: 'a-1', held: [], memoryFreeMb: 1, stopping: true });
    expect(await ids()).toEqual(['w']);
  });
});
