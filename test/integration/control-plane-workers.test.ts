import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../core/errors/marid-error.js';
import { jobTopic, TOPICS } from '../../core/fleet/topics.js';
import { createInProcessClient } from '../support/in-process-client.js';
import { encodeBeat } from '../../proto/codec/index.js';
import { WorkerState } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { WorkerNodeService } from '../../proto/gen/marid/v1/worker_node_service_pb.js';
import type { ReadJobFileResponse } from '../../proto/gen/marid/v1/job_service_pb.js';
import {
  anyJob,
  openControlPlane,
  registerEntries,
  registerWorker,
  sendEvents,
  storedJob,
  type TestControlPlane,
} from '../support/control-plane.js';
import { eventually } from '../support/eventually.js';

const encoder = new TextEncoder();

let plane: TestControlPlane;
let killed: string[];
let reachable: boolean;

/** A worker's own server, with one file for each attempt. */
const node = createInProcessClient(WorkerNodeService, {
  listNodeFiles: async () => ({ files: [{ path: 'stdout', sizeBytes: 5n }], truncated: false }),
  async *readNodeFile({ attempt, path }) {
    if (!reachable) throw new MaridError('UNAVAILABLE', 'connection refused');
    yield { offset: 0n, data: encoder.encode(`${path} of ${attempt?.jobId ?? ''}/${String(attempt?.attempt)}`) };
  },
  killAttempt: async ({ attempt }) => {
    killed.push(`${attempt?.jobId ?? ''}/${String(attempt?.attempt)}`);
    return { held: true };
  },
  probe: async () => ({}),
});

beforeEach(async () => {
  killed = [];
  reachable = true;
  plane = await openControlPlane({ dial: () => ({ client: node, close: () => undefined }) });
  await registerEntries(plane);
  await registerWorker(plane, 'w');
});

afterEach(async () => {
  await plane.stop();
});

async function submitAndClaim(jobId: string): Promise<void> {
  await plane.jobs.submitJob({ jobId, job: anyJob() });
  await plane.workers.claim({ workerId: 'w', session: 'w-1', claims: [{ jobId, claimId: jobId }] });
}

function register(session: string, held: readonly string[]) {
  const facts = { pool: 'default', host: 'host', address: '127.0.0.1:1', memoryBudgetMb: 100, version: 'test' };
  const attempts = held.map((jobId) => ({ jobId, attempt: 1 }));
  return plane.workers.registerWorker({ workerId: 'w', session, ...facts, held: attempts });
}

describe('an offer', () => {
  /** Whether the job of each offer could be found when the offer was heard of. */
  async function listen(): Promise<Record<string, boolean>[]> {
    const heard: Record<string, boolean>[] = [];
    await plane.log.subscribe({
      topics: [jobTopic('default')],
      start: { kind: 'group', group: 'listeners' },
      onRecords: (records) => {
        for (const { key } of records) {
          void plane.store.get({ id: key }).then((job) => heard.push({ [key]: job !== null }));
        }
      },
      onBroken: () => undefined,
    });
    return heard;
  }

  test('is heard of when its job can be claimed, not before', async () => {
    const heard = await listen();
    await Promise.all(['a', 'b', 'c'].map((jobId) => plane.jobs.submitJob({ jobId, job: anyJob() })));
    await eventually('three offers', () => heard.length === 3);
    expect(Object.assign({}, ...heard)).toEqual({ a: true, b: true, c: true });
  });

  test('is made once, whoever else submits other content under the same id, at the same time or later', async () => {
    const heard = await listen();
    const submit = (jobId: string, memoryMb: number) =>
      plane.jobs.submitJob({ jobId, job: { ...anyJob(), memoryMb } }).then(
        () => 'accepted',
        (error: unknown) => (error instanceof MaridError ? error.code : String(error)),
      );
    expect(await Promise.all([submit('a', 10), submit('a', 20)])).toEqual(['accepted', 'ALREADY_EXISTS']);
    expect(await submit('a', 30)).toBe('ALREADY_EXISTS');
    expect(await submit('b', 10)).toBe('accepted');
    await eventually('the offer of b', () => heard.some((each) => 'b' in each));
    expect(heard.filter((each) => 'a' in each)).toHaveLength(1);
  });
});

describe('RegisterWorker', () => {
  test('moves what the worker still holds to its new session and loses the rest', async () => {
    await submitAndClaim('kept');
    await submitAndClaim('gone');
    const answer = await register('w-2', ['kept', 'foreign']);
    expect(answer.lost.map(({ jobId }) => jobId)).toEqual(['foreign']);
    expect((await storedJob(plane, 'kept')).claim).toMatchObject({ session: 'w-2' });
    expect(await storedJob(plane, 'gone')).toMatchObject({ status: 'ACCEPTED', reason: 'CLAIM_LOST', claim: null });
    const stale = await plane.workers.sync({ workerId: 'w', session: 'w-1', memoryFreeMb: 1 });
    expect(stale.sessionCurrent).toBe(false);
  });

  test('loses nothing whose last event is still in the log', async () => {
    await submitAndClaim('ended');
    await sendEvents(plane.log, [
      { jobId: 'ended', workerId: 'w', sequence: 1, status: 'RUNNING' },
      { jobId: 'ended', workerId: 'w', sequence: 2, status: 'SUCCEEDED' },
    ]);
    const answer = await register('w-2', []);
    expect(answer.lost).toHaveLength(0);
    expect(await storedJob(plane, 'ended')).toMatchObject({ status: 'SUCCEEDED', attempt: 1 });
  });

  test('does not count an attempt as lost that the worker itself has just ended', async () => {
    await submitAndClaim('ended');
    await sendEvents(plane.log, [{ jobId: 'ended', workerId: 'w', sequence: 1, status: 'SUCCEEDED' }]);
    await eventually('its end', async () => (await storedJob(plane, 'ended')).status === 'SUCCEEDED');
    expect((await register('w-2', ['ended'])).lost).toHaveLength(0);
  });

  test('refuses a pool that there is not, naming those that there are', async () => {
    const facts = { host: 'h', address: 'h:1', memoryBudgetMb: 0, version: 'test' };
    const call = plane.workers.registerWorker({ workerId: 'x', session: 's', pool: 'none', ...facts });
    await expect(call).rejects.toMatchObject({ violations: [{ field: 'memory_budget_mb' }, { field: 'pool' }] });
  });
});

describe('the fleet', () => {
  test('shows what workers beat, drains them, and knows when they stop', async () => {
    const value = encodeBeat({
      ...{ workerId: 'w', session: 'w-1', pool: 'default', memoryFreeMb: 70, partitions: [0, 1] },
      held: [{ jobId: 'a', attempt: 1 }],
    });
    const shown = await eventually('the beat', async () => {
      const record = { topic: TOPICS.heartbeats, partition: 0, key: 'w', value, headers: {} };
      await plane.log.produce({ records: [record] });
      const { workers } = await plane.fleet.listWorkers({ pool: 'default' });
      return workers[0]?.memoryFreeMb === 70 && workers[0];
    });
    expect(shown).toMatchObject({ state: WorkerState.ACTIVE, runningJobs: 1, memoryBudgetMb: 100_000 });
    const drained = await plane.fleet.drainWorker({ workerId: 'w' });
    expect(drained.worker?.state).toBe(WorkerState.DRAINING);
    const told = await plane.workers.sync({ workerId: 'w', session: 'w-1', memoryFreeMb: 1, stopping: true });
    expect(told.draining).toBe(true);
    expect((await plane.fleet.listWorkers({})).workers[0]?.state).toBe(WorkerState.STOPPED);
    await expect(plane.fleet.drainWorker({ workerId: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('KillJob', () => {
  test('tells the worker of the attempt at once', async () => {
    await submitAndClaim('a');
    await plane.jobs.killJob({ jobId: 'a' });
    await eventually('the delivery', () => killed.length > 0);
    expect(killed).toEqual(['a/1']);
  });
});

describe('files of jobs', () => {
  async function read(request: { jobId: string; follow?: boolean; attempt?: number }): Promise<string> {
    const parts: ReadJobFileResponse[] = [];
    for await (const part of plane.jobs.readJobFile({ path: 'stdout', ...request })) parts.push(part);
    return parts.map(({ data }) => new TextDecoder().decode(data)).join('');
  }

  test('come from the worker of the attempt', async () => {
    await submitAndClaim('a');
    expect(await read({ jobId: 'a' })).toBe('stdout of a/1');
    const { files } = await plane.jobs.listJobFiles({ jobId: 'a' });
    expect(files.map(({ path }) => path)).toEqual(['stdout']);
    await expect(read({ jobId: 'a', attempt: 2 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('are waited for by a follower until the program has started', async () => {
    await plane.jobs.submitJob({ jobId: 'a', job: anyJob() });
    const following = read({ jobId: 'a', follow: true });
    await plane.workers.claim({ workerId: 'w', session: 'w-1', claims: [{ jobId: 'a', claimId: 'a' }] });
    await sendEvents(plane.log, [{ jobId: 'a', workerId: 'w', sequence: 1, status: 'RUNNING' }]);
    expect(await following).toBe('stdout of a/1');
  });

  test('are none when there never was an attempt, and out of reach when the worker is', async () => {
    await plane.jobs.submitJob({ jobId: 'a', job: anyJob() });
    await expect(read({ jobId: 'a' })).rejects.toMatchObject({ code: 'NO_OUTPUT' });
    const following = read({ jobId: 'a', follow: true });
    await plane.jobs.killJob({ jobId: 'a' });
    await expect(following).rejects.toMatchObject({ code: 'NO_OUTPUT' });
    await submitAndClaim('b');
    reachable = false;
    await expect(read({ jobId: 'b' })).rejects.toMatchObject({
      code: 'WORKER_UNREACHABLE',
      message: expect.stringContaining('w'),
    });
  });
});

describe('ExplainJob', () => {
  test('says what was chosen and what a waiting job waits for', async () => {
    await plane.jobs.submitJob({ jobId: 'a', job: anyJob() });
    const { summary, details } = await plane.jobs.explainJob({ jobId: 'a' });
    expect(summary).not.toBe('');
    expect(details.join('\n')).toMatch(/sleep/);
  });

  test('and ResolveJob tells what a submit would choose and why the rest does not match', async () => {
    const found = await plane.jobs.resolveJob({ job: anyJob() });
    expect(found).toMatchObject({ matched: true, command: { id: 'sleep' }, cluster: { id: 'local' }, memoryMb: 100 });
    const none = await plane.jobs.resolveJob({ job: { ...anyJob(), clusterCriteria: [{ tags: ['nowhere'] }] } });
    expect(none.matched).toBe(false);
    expect(none.commands[0]?.reasons.join()).toContain('nowhere');
  });
});

describe('a renewal in place of a beat', () => {
  test('tells where offers are read', async () => {
    const sync = { workerId: 'w', session: 'w-1', memoryFreeMb: 50_000, insteadOfBeat: true, partitions: [5] };
    await plane.workers.sync(sync);
    for (let count = 0; count < 10; count += 1) await plane.jobs.submitJob({ job: anyJob() });
    const topic = jobTopic('default');
    const offsets = await eventually('ten offers', async () => {
      const ends = await plane.log.endOffsets({ topic });
      return ends.reduce((sum, { offset }) => sum + offset, 0) === 10 && ends;
    });
    expect(offsets[5]?.offset).toBe(10);
    const { workers } = await plane.fleet.listWorkers({});
    expect(workers[0]?.memoryFreeMb).toBe(50_000);
  });
});
