import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createInProcessClient } from '../support/in-process-client.js';
import { SqliteFleetStore } from '../../infra/store/sqlite/sqlite-fleet-store.js';
import { LeaderTaskState, type LeaderTask } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { WorkerNodeService } from '../../proto/gen/marid/v1/worker_node_service_pb.js';
import type { ControlPlaneConfig } from '../../services/control-plane/config.js';
import { TASK_NAMES } from '../../services/control-plane/leader/leader-task.js';
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
import { advanceJob, makeCluster, makeCommand, makeJob, makeResolution } from '../support/job-fixtures.js';

const HOUR_MS = 3_600_000;

let planes: TestControlPlane[];
let killed: string[];

const node = createInProcessClient(WorkerNodeService, {
  listNodeFiles: async () => ({}),
  async *readNodeFile() {
    yield* [];
  },
  killAttempt: async ({ attempt }) => {
    killed.push(attempt?.jobId ?? '');
    return { held: true };
  },
  probe: async () => ({}),
});

beforeEach(() => {
  planes = [];
  killed = [];
});

afterEach(async () => {
  for (const plane of planes.reverse()) await plane.stop();
});

async function open(config: Partial<ControlPlaneConfig>, beside?: TestControlPlane): Promise<TestControlPlane> {
  const dial = () => ({ client: node, close: () => undefined });
  const plane = await openControlPlane({ config, dial, ...(beside === undefined ? {} : { beside }) });
  planes.push(plane);
  return plane;
}

/** Pauses the task's schedule, so that only the test runs it. */
const BY_HAND = { enabled: false };

async function taskOf(plane: TestControlPlane, name: string): Promise<LeaderTask | undefined> {
  return (await plane.fleet.listLeaderTasks({})).tasks.find((task) => task.name === name);
}

/** Has the task run, however often, until the condition holds. */
async function runUntil(plane: TestControlPlane, name: string, condition: () => Promise<boolean>): Promise<LeaderTask> {
  return eventually(`${name} has done it`, async () => {
    const { task, completed } = await plane.fleet.runLeaderTask({ name });
    return completed && (await condition()) && task;
  });
}

describe("the leader's tasks", () => {
  test('are those that the configuration may name, listed with schedule, state and next run', async () => {
    const plane = await open({ leaderTasks: { retention: { enabled: true, everyMs: HOUR_MS } } });
    const listed = await eventually('first runs', async () => {
      const { tasks } = await plane.fleet.listLeaderTasks({});
      return tasks.filter(({ lastRunTime }) => lastRunTime !== undefined).length >= TASK_NAMES.length - 1 && tasks;
    });
    expect(listed.map(({ name }) => name)).toEqual([...TASK_NAMES].sort());
    const retention = listed.find(({ name }) => name === 'retention');
    expect(retention).toMatchObject({ state: LeaderTaskState.SCHEDULED, interval: { seconds: 3600n }, cron: '' });
    expect(Number(retention?.nextRunTime?.seconds)).toBeGreaterThan(Date.now() / 1000 + 3000);
    const cleanUp = listed.find(({ name }) => name === 'registry-clean-up');
    expect(cleanUp).toMatchObject({ cron: '0 0 * * *' });
    expect(cleanUp?.interval).toBeUndefined();
  });

  test('are run and paused at any control plane, also at one that does not lead', async () => {
    const leading = await open({ leaderTasks: { retention: BY_HAND } });
    await eventually('a leader', async () => (await leading.fleet.listLeaderTasks({})).leader !== '');
    const follower = await open({}, leading);
    const { task, completed } = await follower.fleet.runLeaderTask({ name: 'retention' });
    expect(completed).toBe(true);
    expect(task).toMatchObject({ lastOutcome: '0 jobs and 0 workers deleted', lastRunSucceeded: true });
    const paused = await follower.fleet.pauseLeaderTask({ name: 'usage' });
    expect(paused.task?.state).toBe(LeaderTaskState.PAUSED);
    expect((await taskOf(leading, 'usage'))?.state).toBe(LeaderTaskState.PAUSED);
    expect((await taskOf(leading, 'usage'))?.nextRunTime).toBeUndefined();
    expect((await leading.fleet.runLeaderTask({ name: 'usage' })).completed).toBe(true);
    await leading.fleet.pauseLeaderTask({ name: 'usage', undo: true });
    expect((await taskOf(follower, 'usage'))?.state).toBe(LeaderTaskState.SCHEDULED);
    expect((await taskOf(leading, 'retention'))?.state).toBe(LeaderTaskState.DISABLED);
    await expect(follower.fleet.runLeaderTask({ name: 'nothing' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(follower.fleet.pauseLeaderTask({ name: 'nothing' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('deadlines', () => {
  test('end a job that waits too long, and explain says when', async () => {
    const plane = await open({ acceptedDeadlineMs: 1000, leaderTasks: { deadlines: BY_HAND } });
    await registerEntries(plane);
    await plane.jobs.submitJob({ jobId: 'a', job: anyJob() });
    const { details } = await plane.jobs.explainJob({ jobId: 'a' });
    expect(details.join('\n')).toMatch(/If no worker has taken it in .* it fails\./);
    await runUntil(plane, 'deadlines', async () => (await storedJob(plane, 'a')).status === 'FAILED');
    expect(await storedJob(plane, 'a')).toMatchObject({ reason: 'WAITED_TOO_LONG' });
  });

  test('give up a claim that shows no life, ask for the end of a job beyond its timeout, and end it unanswered', async () => {
    const plane = await open({ leaderTasks: { deadlines: BY_HAND } });
    await registerEntries(plane);
    await registerWorker(plane, 'w');
    for (const jobId of ['stuck', 'long', 'fine']) {
      await plane.jobs.submitJob({ jobId, job: anyJob() });
      await plane.workers.claim({ workerId: 'w', session: 'w-1', claims: [{ jobId, claimId: jobId }] });
    }
    await sendEvents(
      plane.log,
      ['long', 'fine'].map((jobId) => ({ jobId, workerId: 'w', sequence: 1, status: 'RUNNING' })),
    );
    await eventually('they run', async () => (await storedJob(plane, 'fine')).status === 'RUNNING');
    await eventually('they run', async () => (await storedJob(plane, 'long')).status === 'RUNNING');
    await ageJob(plane, 'stuck', 300_000);
    await ageJob(plane, 'long', 604_800_000 + 300_000);
    await runUntil(plane, 'deadlines', async () => killed.includes('long'));
    expect(await storedJob(plane, 'stuck')).toMatchObject({ status: 'ACCEPTED', reason: 'CLAIM_LOST', claim: null });
    expect((await storedJob(plane, 'stuck')).nextOfferAt).toBeGreaterThan(Date.now() + 200_000);
    expect(await storedJob(plane, 'long')).toMatchObject({ status: 'RUNNING', kill: { actor: 'control-plane' } });
    await ageJob(plane, 'long', 900_000);
    await runUntil(plane, 'deadlines', async () => (await storedJob(plane, 'long')).status === 'KILLED');
    expect(await storedJob(plane, 'fine')).toMatchObject({ status: 'RUNNING', kill: null });
    expect(killed).toEqual(['long']);
  });

  /** Moves everything that happened to the job into the past, beneath the control plane. */
  async function ageJob(plane: TestControlPlane, id: string, ms: number): Promise<void> {
    const aged = await eventually('the write', async () => {
      const job = await storedJob(plane, id);
      const history = job.history.map((each) => ({ ...each, at: each.at - ms }));
      const attempts = job.attempts.map((each) => ({ ...each, claimedAt: each.claimedAt - ms }));
      const kill = job.kill === null ? null : { ...job.kill, at: job.kill.at - ms };
      const startedAt = job.startedAt === null ? null : job.startedAt - ms;
      return plane.store.replace({ job: { ...job, revision: job.revision + 1, history, attempts, kill, startedAt } });
    });
    expect(aged).toBe(true);
  }
});

describe('retention', () => {
  test('keeps the last jobs that ended, as many as it is told', async () => {
    const plane = await open({ maxEndedJobs: 2, leaderTasks: { retention: BY_HAND } });
    const jobs = [0, 1, 2, 3, 4].map((index) => makeJob({ id: `job-${String(index)}`, publishedSequence: 4 }));
    const begin = Date.now() - HOUR_MS;
    for (const [index, job] of jobs.entries()) {
      await plane.store.insert({ job });
      const updatedAt = begin + (index === 0 ? 9 : index); // the first one ended last
      if (index < 4) await plane.store.replace({ job: advanceJob(job, 'KILLED', { updatedAt }) });
    }
    const { task } = await plane.fleet.runLeaderTask({ name: 'retention' });
    expect(task?.lastOutcome).toBe('2 jobs and 0 workers deleted');
    const left = await plane.store.getMany({ ids: jobs.map(({ id }) => id) });
    expect(left.map((job) => job?.id)).toEqual(['job-0', undefined, undefined, 'job-3', 'job-4']);
  });
});

describe('retention of workers', () => {
  test('forgets those that were silent for a week, but none that still owns an attempt', async () => {
    const plane = await open({ leaderTasks: { retention: BY_HAND } });
    await registerEntries(plane);
    const fleet = new SqliteFleetStore(plane.db);
    for (const id of ['idle', 'owner']) {
      await registerWorker(plane, id);
      if (id === 'owner') {
        await plane.jobs.submitJob({ jobId: 'held', job: anyJob() });
        await plane.workers.claim({ workerId: id, session: `${id}-1`, claims: [{ jobId: 'held', claimId: 'c' }] });
      }
      const record = await fleet.getWorker({ id });
      if (record === null) throw new Error(`worker ${id} was not registered`);
      const seenAt = record.seenAt - 8 * 24 * HOUR_MS;
      await fleet.putWorker({ worker: { ...record, seenAt, revision: record.revision + 1 } });
    }
    const { task } = await plane.fleet.runLeaderTask({ name: 'retention' });
    expect(task?.lastOutcome).toBe('0 jobs and 1 workers deleted');
    expect((await fleet.listWorkers()).map(({ id }) => id)).toEqual(['owner']);
  });
});

describe('clean-up of the registry', () => {
  test('deletes and deactivates what nothing has used, names it, and leaves what jobs use', async () => {
    const plane = await open({ unusedRegistryMs: 60_000, leaderTasks: { 'registry-clean-up': BY_HAND } });
    const old = { updatedAt: Date.now() - HOUR_MS };
    const add = async (kind: 'cluster' | 'command', id: string, status: string): Promise<void> => {
      const made = kind === 'cluster' ? makeCluster(old) : makeCommand(old);
      await plane.registry.insert({ kind, resource: { ...made, id, status } as typeof made });
    };
    await add('cluster', 'gone', 'TERMINATED');
    await add('cluster', 'busy', 'TERMINATED');
    await add('cluster', 'up', 'UP');
    await add('command', 'retired', 'INACTIVE');
    await add('command', 'idle', 'ACTIVE');
    const resolution = makeResolution({ cluster: makeCluster({ id: 'busy' }) });
    await plane.store.insert({ job: makeJob({ createdAt: Date.now() - 1000, resolution }) });
    await eventually(
      'the entries are known',
      async () => (await plane.clusters.listClusters({})).clusters.length === 3,
    );
    const { task } = await plane.fleet.runLeaderTask({ name: 'registry-clean-up' });
    expect(task?.lastOutcome).toBe('deleted: 2 (command retired, cluster gone); made INACTIVE: 1 (command idle)');
    const { clusters } = await plane.clusters.listClusters({});
    expect(clusters.map(({ id }) => id).sort()).toEqual(['busy', 'up']);
    expect((await plane.registry.load()).commands).toMatchObject([{ id: 'idle', status: 'INACTIVE', revision: 2 }]);
  });

  test('does nothing by default', async () => {
    const plane = await open({});
    const { task } = await plane.fleet.runLeaderTask({ name: 'registry-clean-up' });
    expect(task?.lastOutcome).toContain('unusedRegistryMs is not set');
  });
});

describe('GetUsage', () => {
  test('counts the jobs that have not ended by user and pool', async () => {
    const plane = await open({ leaderTasks: { usage: BY_HAND } });
    await registerEntries(plane);
    await registerWorker(plane, 'w');
    await plane.jobs.submitJob({ jobId: 'a', job: anyJob({ memoryMb: 300 }) });
    await plane.jobs.submitJob({ jobId: 'b', job: anyJob() });
    await plane.workers.claim({ workerId: 'w', session: 'w-1', claims: [{ jobId: 'a', claimId: 'a' }] });
    const { usage } = await plane.fleet.getUsage({});
    expect(usage).toMatchObject([{ user: 'ada', pool: 'default', activeJobs: 2n, waitingJobs: 1n, memoryMb: 300n }]);
  });
});
