/** A worker whose place is taken while its process still lives, and one that is asked for haste while nobody answers it. Asserted from the ledger that the jobs keep. */
import { cp } from 'node:fs/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WorkerState } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { ChaosFleet } from '../support/chaos-fleet.js';
import { eventually } from '../support/eventually.js';

const HALF_MINUTE_MS = 30_000;
const TAKEN_BACK = /"held":3,"msg":"registered/;
/** Exits that show whose result is whose. */
const JOBS = [3, 4, 5].map((exitCode) => ({ gate: 'go', exitCode }));

/** Long enough for the start of a worker on a busy machine, which has to come before 0.70 of it. */
const LEASE_TTL_MS = 30_000;

let fleet: ChaosFleet;
const open = async (leaseTtlMs = LEASE_TTL_MS): Promise<void> => {
  fleet = await ChaosFleet.open({ leaseTtlMs });
};
afterEach(() => fleet.close());

/** Lets the jobs end, and looks that each ran once and as it should. */
async function endWell(jobs: Awaited<ReturnType<ChaosFleet['run']>>): Promise<void> {
  fleet.ledger.open('go');
  expect((await fleet.wait(jobs)).map((job) => job.result?.exitCode)).toEqual([3, 4, 5]);
  expect(fleet.ledger.of('start')).toHaveLength(jobs.length);
  expect(fleet.ledger.of('end')).toHaveLength(jobs.length);
}

describe('a second worker on the same state folder', () => {
  test('takes the jobs, and the first ends, says why and leaves them alone', async () => {
    await open();
    const jobs = await fleet.run(JOBS);
    const first = fleet.worker();
    const second = await fleet.startWorker('w1');
    expect(await exitOf(first)).toBe(5);
    expect(first.stderr()).toContain('Run one worker only on a state folder.');
    await eventually('the jobs to be taken over', () => TAKEN_BACK.test(second.stderr()), HALF_MINUTE_MS);
    await endWell(jobs);
  }, 60_000);

  test('keeps its jobs when the first was stopped for longer than its lease', async () => {
    await open(8_000);
    const [first] = [fleet.worker(), await fleet.run([{ seconds: 0 }])];
    first.child.kill('SIGSTOP');
    await fleet.startWorker('w1');
    await new Promise((resolve) => setTimeout(resolve, fleet.leaseTtlMs));
    const jobs = await fleet.run(JOBS);
    first.child.kill('SIGCONT');
    expect(await exitOf(first)).toBe(5);
    fleet.ledger.open('go');
    expect((await fleet.wait(jobs)).map((job) => [job.result?.exitCode, job.attempt])).toEqual([[3, 1], [4, 1], [5, 1]]); // prettier-ignore
    expect(fleet.ledger.of('double')).toEqual([]);
  }, 90_000);
});

describe('a worker on a copy of a state folder', () => {
  test('takes the place of the first, which ends and says so', async () => {
    await open();
    const first = fleet.worker();
    await cp(fleet.bench.path('w1', 'worker-id'), fleet.bench.path('w2', 'worker-id'));
    const second = await fleet.startWorker('w2');
    expect(await exitOf(first)).toBe(5);
    expect(first.stderr()).toContain('delete the file worker-id');
    const { workers } = await fleet.client.fleet.listWorkers({});
    expect(workers).toMatchObject([{ id: second.ready['worker'], state: WorkerState.ACTIVE }]);
    fleet.ledger.open('go');
    const jobs = await fleet.run(JOBS);
    await endWell(jobs);
  }, 60_000);
});

describe('a worker that gets SIGTERM twice', () => {
  test('leaves its jobs to its successor at once, also while the control plane hangs', async () => {
    await open();
    const jobs = await fleet.run(JOBS);
    const worker = fleet.worker();
    fleet.controlPlane.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, LEASE_TTL_MS / 8 + 500)); // a beat, which hangs
    const began = performance.now();
    worker.child.kill('SIGTERM');
    await eventually('its drain', () => worker.stderr().includes('worker drains'));
    expect(await worker.end('SIGTERM')).toBe(0);
    // half a second of waiting, and a busy machine; it was 30 s as long as calls under way were waited for
    expect(performance.now() - began).toBeLessThan(5_000);
    fleet.controlPlane.child.kill('SIGCONT');
    const next = await fleet.startWorker('w1');
    await eventually('the jobs to be taken over', () => TAKEN_BACK.test(next.stderr()), HALF_MINUTE_MS);
    await endWell(jobs);
  }, 60_000);
});

const exitOf = async (worker: ReturnType<ChaosFleet['worker']>): Promise<number | null> => {
  await eventually('the end of the worker', () => worker.child.exitCode !== null, HALF_MINUTE_MS);
  return worker.child.exitCode;
};
