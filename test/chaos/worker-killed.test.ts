/** Twenty jobs of a worker whose process is killed, hangs or is replaced. Asserted from the ledger that the jobs keep. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { ChaosFleet } from '../support/chaos-fleet.js';
import { eventually } from '../support/eventually.js';

const TWENTY = Array.from({ length: 20 }, (_, index) => index);

let fleet: ChaosFleet;
afterEach(() => fleet.close());

describe('a worker with twenty jobs', () => {
  beforeEach(async () => {
    fleet = await ChaosFleet.open({ leaseTtlMs: 20_000 });
  });

  /** Runs twenty jobs behind a gate, lets `replace` change the worker, and looks that nothing of them was lost or repeated. */
  const survives = async (replace: () => Promise<void>): Promise<void> => {
    const jobs = await fleet.run(TWENTY.map((exitCode) => ({ gate: 'go', exitCode })));
    await replace();
    fleet.ledger.open('go');
    const ended = await fleet.wait(jobs);
    expect(ended.map((job) => job.result?.exitCode)).toEqual(TWENTY);
    expect(fleet.ledger.of('start')).toHaveLength(TWENTY.length);
    expect(fleet.ledger.of('end')).toHaveLength(TWENTY.length);
  };

  /** Kills the worker and starts the next process; milliseconds until that holds `held` attempts under its lease. */
  const restart = async (held: number): Promise<number> => {
    await fleet.worker().end('SIGKILL');
    const began = performance.now();
    const worker = await fleet.startWorker('w1');
    const registered = new RegExp(`"held":${String(held)},"msg":"registered`);
    await eventually('all to be taken back', () => registered.test(worker.stderr()), 30_000);
    return performance.now() - began;
  };

  test('is killed: the next process takes all of them back within two seconds', async () => {
    const idleMs = await restart(0);
    await survives(async () => {
      // on a machine that is too busy to start an idle worker in time, no more than twice as long as that took
      expect(await restart(20)).toBeLessThan(Math.max(2_000, 2 * idleMs));
    });
  }, 60_000);

  test('is replaced in place: stopped, left to the launcher, started again', async () => {
    await survives(async () => {
      expect(await fleet.worker().end('SIGTERM')).toBe(0);
      const worker = await fleet.startWorker('w1');
      await eventually('all to be taken back', () => /"held":20,"msg":"registered/.test(worker.stderr()));
    });
  }, 60_000);

  test('is killed, and its jobs end before it is started again: their real exits are reported', async () => {
    await survives(async () => {
      await fleet.worker().end('SIGKILL');
      fleet.ledger.open('go');
      await fleet.quiet();
      await fleet.startWorker('w1');
    });
  }, 60_000);
});

describe('a worker that is stopped for three leases', () => {
  test('has its jobs ended in time, and its late events change nothing', async () => {
    fleet = await ChaosFleet.open();
    const { leaseTtlMs, ledger } = fleet;
    const kinds = [{}, { stubborn: true }, { grouped: true }, { stubborn: true, grouped: true }];
    const jobs = await fleet.run(kinds.map((kind) => ({ ...kind, gate: 'never', maxAttempts: 2 })));
    const stopped = performance.now();
    fleet.worker().child.kill('SIGSTOP');
    const alive = (): number => ledger.alive().length;
    await eventually('the gentle ones to end', () => alive() <= 2);
    const gentleMs = performance.now() - stopped;
    await eventually('all to end', () => alive() === 0);
    const stubbornMs = performance.now() - stopped;
    expect(gentleMs).toBeGreaterThan(0.5 * leaseTtlMs);
    expect(stubbornMs).toBeLessThan(0.85 * leaseTtlMs);
    await new Promise((resolve) => setTimeout(resolve, 3 * leaseTtlMs - stubbornMs));
    ledger.open('never');
    fleet.worker().child.kill('SIGCONT');
    const ended = await fleet.wait(jobs);
    expect(ended.map((job) => job.status)).toEqual(jobs.map(() => JobStatus.SUCCEEDED));
    expect(ledger.of('double')).toEqual([]);
    expect(ledger.of('start')).toHaveLength(2 * jobs.length);
    expect(ledger.of('end')).toHaveLength(jobs.length);
  }, 90_000);
});
