/** A launcher is killed or stopped while its jobs run: nothing goes on unwatched, nothing is taken for dead unseen. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { ChaosFleet } from '../support/chaos-fleet.js';
import { eventually } from '../support/eventually.js';

const KINDS = [{}, { stubborn: true }, { grouped: true }];

let fleet: ChaosFleet;
beforeEach(async () => {
  fleet = await ChaosFleet.open();
});
afterEach(() => fleet.close());

const run = (maxAttempts: number) => fleet.run(KINDS.map((kind) => ({ ...kind, gate: 'go', maxAttempts })));

describe('SIGKILL of a launcher', () => {
  test('ends its jobs, says so, and those that may run again do', async () => {
    const [once, twice] = [await run(1), await run(2)];
    const before = fleet.launcher();
    process.kill(before, 'SIGKILL');
    const failed = await fleet.wait(once);
    for (const job of failed) expect(job).toMatchObject({ status: JobStatus.FAILED, reason: 'EXIT_UNKNOWN' });
    expect(fleet.launcher()).not.toBe(before);
    fleet.ledger.open('go');
    const repeated = await fleet.wait(twice);
    expect(repeated.map((job) => job.status)).toEqual(twice.map(() => JobStatus.SUCCEEDED));
    expect(fleet.ledger.of('double')).toEqual([]);
    expect(fleet.ledger.of('start')).toHaveLength(once.length + 2 * twice.length);
  }, 60_000);

  test('together with its worker ends its jobs though nothing is started again, and the worker that comes back reports them', async () => {
    const jobs = await run(1);
    process.kill(fleet.launcher(), 'SIGKILL');
    await fleet.worker().end('SIGKILL');
    await fleet.quiet(fleet.leaseTtlMs);
    await fleet.startWorker('w1');
    for (const job of await fleet.wait(jobs)) {
      expect(job).toMatchObject({ status: JobStatus.FAILED, reason: 'EXIT_UNKNOWN' });
    }
  }, 60_000);

  test('with exits that nobody has taken yet loses none of them', async () => {
    const jobs = await fleet.run([3, 4, 5].map((exitCode) => ({ gate: 'go', exitCode })));
    await fleet.worker().end('SIGKILL');
    fleet.ledger.open('go');
    await eventually('the exits to be on disk', () => fleet.recordedExits() === jobs.length);
    process.kill(fleet.launcher(), 'SIGKILL');
    await fleet.startWorker('w1');
    expect((await fleet.wait(jobs)).map((job) => job.result?.exitCode)).toEqual([3, 4, 5]);
  }, 60_000);
});

describe('SIGSTOP of a launcher', () => {
  test('for a while changes nothing', async () => {
    const jobs = await run(1);
    process.kill(fleet.launcher(), 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, fleet.leaseTtlMs / 3));
    process.kill(fleet.launcher(), 'SIGCONT');
    fleet.ledger.open('go');
    expect((await fleet.wait(jobs)).map((job) => job.status)).toEqual(jobs.map(() => JobStatus.SUCCEEDED));
  }, 60_000);

  test('and SIGKILL of its worker: its guard ends the jobs when the lease has run out', async () => {
    await run(1);
    process.kill(fleet.launcher(), 'SIGSTOP');
    await fleet.worker().end('SIGKILL');
    // 0.8 of the lease and 3 s of patience; then a process starts, on a busy machine
    await fleet.quiet(30_000);
  }, 60_000);
});
