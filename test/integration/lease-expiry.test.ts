/** What becomes of workers of which nothing is heard: a real control plane over embedded engines, on a clock of the test's. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WorkerState } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { sendEvents, storedJob, type TestControlPlane } from '../support/control-plane.js';
import { FakeClock } from '../support/fake-clock.js';
import { makeTemporaryFolder } from '../support/temporary-folder.js';
import { TestFleet } from '../support/test-fleet.js';

const TTL = 60_000;
const GRACE = 15_000;
/** A tick, two sweeps and a beat. */
const SLACK = 20_000;

let fleet: TestFleet;
let plane: TestControlPlane;
let stops: TestControlPlane[];
let removes: (() => void)[];

beforeEach(async () => {
  fleet = new TestFleet(new FakeClock());
  plane = await fleet.open();
  stops = [plane];
  removes = [];
  await fleet.prepare(plane);
});

afterEach(async () => {
  for (const each of stops.reverse()) await endOf(each);
  for (const remove of removes) remove();
});

/** Stops a control plane, whose loops wait for the clock. */
async function endOf(each: TestControlPlane): Promise<void> {
  let over = false;
  const stopping = each.stop().finally(() => {
    over = true;
  });
  while (!over) await fleet.clock.advance(100);
  await stopping;
}

async function stateOf(workerId: string): Promise<string | undefined> {
  const { workers } = await plane.fleet.listWorkers({});
  const state = workers.find(({ id }) => id === workerId)?.state;
  return state === undefined ? undefined : WorkerState[state];
}

const expired = (workerId: string): Promise<void> =>
  fleet.passUntil(plane, `the expiry of ${workerId}`, async () => (await stateOf(workerId)) === 'EXPIRED');

const statusOf = async (jobId: string): Promise<string> => (await storedJob(plane, jobId)).status;

describe('a worker that vanishes', () => {
  test('is given up after its lease and the grace, and not before; each of its jobs gets what it allows', async () => {
    await fleet.add(plane, ['w', 'other']);
    await fleet.run(plane, { jobId: 'once', workerId: 'w' });
    await fleet.run(plane, { jobId: 'twice', workerId: 'w', maxAttempts: 2 });
    await fleet.run(plane, { jobId: 'killed', workerId: 'w' });
    await fleet.run(plane, { jobId: 'elsewhere', workerId: 'other' });
    await fleet.pass(plane, TTL);
    fleet.vanish('w');
    await fleet.pass(plane, TTL + GRACE / 2);
    expect(await stateOf('w')).toBe('SILENT');
    await plane.jobs.killJob({ jobId: 'killed' });
    const { summary } = await plane.jobs.explainJob({ jobId: 'once' });
    expect(summary).toMatch(/silent for 1 min .* given up in \d+ s; then the job ends FAILED/);
    expect(await statusOf('once')).toBe('RUNNING');
    await fleet.passUntil(plane, 'the end of the job', async () => (await statusOf('once')) !== 'RUNNING');
    expect(await stateOf('w')).toBe('EXPIRED');
    expect(await storedJob(plane, 'once')).toMatchObject({ status: 'FAILED', reason: 'WORKER_LOST' });
    expect((await storedJob(plane, 'once')).attempts[0]).toMatchObject({ reason: 'LEASE_EXPIRED', outcome: null });
    expect(await storedJob(plane, 'twice')).toMatchObject({ status: 'ACCEPTED', attempt: 1, claim: null });
    expect(await statusOf('killed')).toBe('KILLED');
    expect(await statusOf('elsewhere')).toBe('RUNNING');
    expect(await stateOf('other')).toBe('ACTIVE');
  }, 60_000);

  test('gets no answer to its old session, loses what it still holds when it registers, and its late events are dropped', async () => {
    await fleet.add(plane, ['w']);
    await fleet.run(plane, { jobId: 'a', workerId: 'w', maxAttempts: 2 });
    await fleet.pass(plane, TTL);
    fleet.vanish('w');
    await expired('w');
    const told = await plane.workers.sync({ workerId: 'w', session: 'w-1', held: [{ jobId: 'a', attempt: 1 }] });
    expect(told.sessionCurrent).toBe(false);
    const { results } = await plane.workers.claim({
      ...{ workerId: 'w', session: 'w-1' },
      claims: [{ jobId: 'a', claimId: 'again' }],
    });
    expect(results[0]?.specification).toBeUndefined();
    const { lost } = await fleet.register(plane, fleet.get('w'), ['a']);
    expect(lost).toMatchObject([{ jobId: 'a', attempt: 1 }]);
    expect(await stateOf('w')).toBe('ACTIVE');
    await sendEvents(plane.log, [{ jobId: 'a', workerId: 'w', session: 'w-1', sequence: 2, status: 'SUCCEEDED' }]);
    await fleet.pass(plane, 2000);
    expect(await statusOf('a')).toBe('ACCEPTED');
  }, 60_000);

  test('is not given up while its process answers, but is while another has its address', async () => {
    await fleet.add(plane, ['w']);
    await fleet.run(plane, { jobId: 'a', workerId: 'w' });
    await fleet.pass(plane, TTL);
    fleet.vanish('w');
    fleet.get('w').answersAs = 'w-1';
    await fleet.pass(plane, 2 * TTL);
    expect(fleet.probes).toBeGreaterThan(2);
    expect(await statusOf('a')).toBe('RUNNING');
    fleet.get('w').answersAs = 'w-2';
    await fleet.passUntil(plane, 'the end of the job', async () => (await statusOf('a')) === 'FAILED');
  }, 60_000);

  test('keeps the result of a job whose end is still in the log', async () => {
    await fleet.add(plane, ['w']);
    await fleet.run(plane, { jobId: 'a', workerId: 'w' });
    await fleet.pass(plane, TTL);
    fleet.vanish('w');
    await fleet.pass(plane, TTL);
    await sendEvents(plane.log, [{ jobId: 'a', workerId: 'w', sequence: 2, status: 'SUCCEEDED' }]);
    await expired('w');
    expect(await statusOf('a')).toBe('SUCCEEDED');
  }, 60_000);
});

describe('a worker that is heard of in one way only', () => {
  test('by calls to a control plane that does not lead', async () => {
    const second = await fleet.open({ beside: plane });
    stops.push(second);
    await fleet.add(plane, ['w']);
    await fleet.run(plane, { jobId: 'a', workerId: 'w' });
    Object.assign(fleet.get('w'), { beats: false, syncsAt: second, answersAs: null });
    await fleet.pass(plane, 4 * TTL);
    expect(await statusOf('a')).toBe('RUNNING');
    expect(await stateOf('w')).toBe('ACTIVE');
  }, 60_000);

  test('by its beats', async () => {
    await fleet.add(plane, ['w']);
    await fleet.run(plane, { jobId: 'a', workerId: 'w' });
    Object.assign(fleet.get('w'), { syncsAt: null, answersAs: null });
    await fleet.pass(plane, 4 * TTL);
    expect(await statusOf('a')).toBe('RUNNING');
  }, 60_000);
});

describe('control planes that were all away', () => {
  test('give nobody up who comes back, however long it was, and apply what ended meanwhile', async () => {
    const folder = makeTemporaryFolder();
    const path = `${folder.path}/marid.db`;
    const first = await fleet.open({ path });
    await fleet.prepare(first);
    await fleet.add(first, ['w', 'gone']);
    await fleet.run(first, { jobId: 'runs', workerId: 'w' });
    await fleet.run(first, { jobId: 'ends', workerId: 'w' });
    await fleet.run(first, { jobId: 'lost', workerId: 'gone' });
    await endOf(first);
    await fleet.clock.advance(5 * TTL);
    const second = await fleet.open({ path });
    stops.push(second);
    removes.push(folder.remove);
    await sendEvents(second.log, [{ jobId: 'ends', workerId: 'w', sequence: 2, status: 'SUCCEEDED' }]);
    fleet.get('w').syncsAt = second;
    fleet.vanish('gone');
    await fleet.pass(second, TTL);
    expect((await storedJob(second, 'lost')).status).toBe('RUNNING');
    const statusAtSecond = async (id: string): Promise<string> => (await storedJob(second, id)).status;
    await fleet.passUntil(second, 'the loss', async () => (await statusAtSecond('lost')) === 'FAILED');
    expect(await statusAtSecond('runs')).toBe('RUNNING');
    expect(await statusAtSecond('ends')).toBe('SUCCEEDED');
  }, 60_000);
});

describe('half of ten workers vanishing at once', () => {
  const ids = Array.from({ length: 10 }, (_, index) => `w${String(index)}`);
  const half = ids.slice(0, 5);

  beforeEach(async () => {
    await fleet.add(plane, ids);
    for (const id of ids) await fleet.run(plane, { jobId: `job-${id}`, workerId: id });
    await fleet.pass(plane, TTL);
    for (const id of half) fleet.vanish(id);
    await fleet.pass(plane, TTL + GRACE + SLACK);
  }, 60_000);

  const statuses = () => Promise.all(ids.map((id) => statusOf(`job-${id}`)));

  test('holds the brake, which says so everywhere, until it is released by hand', async () => {
    expect(new Set(await statuses())).toEqual(new Set(['RUNNING']));
    const { brakes, workers } = await plane.fleet.listWorkers({});
    expect(brakes).toMatchObject([{ pool: 'default', silentWorkers: 5, workers: 10, limit: 3 }]);
    expect(workers.filter(({ state }) => state === WorkerState.SILENT).map(({ id }) => id)).toEqual(half);
    const { summary } = await plane.jobs.explainJob({ jobId: 'job-w0' });
    expect(summary).toContain('Its attempt is not given up: 5 of 10 workers of pool default');
    const { tasks } = await plane.fleet.listLeaderTasks({});
    expect(tasks.find(({ name }) => name === 'lease-expiry')?.lastOutcome).toContain('5 of 10 workers of pool');
    const released = await plane.fleet.releaseWorkers({ pool: 'default' });
    expect(released.workers.map(({ id }) => id)).toEqual(half);
    const wanted = ids.map((id) => (half.includes(id) ? 'FAILED' : 'RUNNING'));
    await fleet.passUntil(plane, 'their end', async () => String(await statuses()) === String(wanted));
    expect((await plane.fleet.listWorkers({})).brakes).toEqual([]);
  }, 60_000);

  test('goes on when some of them are back', async () => {
    for (const id of half.slice(0, 2)) Object.assign(fleet.get(id), { beats: true, syncsAt: plane });
    const wanted = ids.map((id) => (half.slice(2).includes(id) ? 'FAILED' : 'RUNNING'));
    await fleet.passUntil(plane, 'the end of the rest', async () => String(await statuses()) === String(wanted));
    await fleet.pass(plane, TTL);
    expect(await statuses()).toEqual(wanted);
  }, 60_000);
});
