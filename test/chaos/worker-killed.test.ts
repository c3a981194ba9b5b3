/** Twenty jobs of a worker whose process is killed, hangs or is replaced. Asserted from the ledger that the jobs keep. */
import { cpus, loadavg } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { ChaosFleet } from '../support/chaos-fleet.js';
import { eventually } from '../support/eventually.js';

const TWENTY = Array.from({ length: 20 }, (_, index) => index);
/** What a worker logs when its lease covers twenty attempts again. */
const ALL_HELD = /"held":20,"msg":"registered/;

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

  test('is killed: the next process takes all of them back within two seconds', async () => {
    await survives(async () => {
      await fleet.worker().end('SIGKILL');
      const began = performance.now();
      const worker = await fleet.startWorker('w1');
      await eventually('all to be taken back', () => ALL_HELD.test(worker.stderr()), 30_000);
      const tookMs = performance.now() - began;
      // programs that wait for a core make everything that many times as long
      const crowding = Math.max(1, (loadavg()[0] ?? 1) / cpus().length);
      expect(tookMs / crowding).toBeLessThan(2_000);
    });
  }, 60_000);

  test('is replaced in place: stopped, left to the launcher, started again', async () => {
    await survives(async () => {
      expect(await fleet.worker().end('SIGTERM')).toBe(0);
      const worker = await fleet.startWorker('w1');
      await eventually('all to be taken back', () => ALL_HELD.test(worker.stderr()), 30_000);
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
  test('has its jobs ended in time; they run again elsewhere, and its late events are dropped and counted', async () => {
    fleet = await ChaosFleet.open();
    const { leaseTtlMs, ledger } = fleet;
    const kinds = [{}, { stubborn: true }, { grouped: true }, { stubborn: true, grouped: true }];
    const jobs = await fleet.run(kinds.map((kind) => ({ ...kind, gate: 'go', maxAttempts: 2 })));
    await fleet.startWorker('w2');
    const stopped = performance.now();
    const passed = (): number => performance.now() - stopped;
    fleet.worker('w1').child.kill('SIGSTOP');
    await eventually('the gentle ones to end', () => ledger.alive().length <= 2);
    expect(passed()).toBeGreaterThan(0.25 * leaseTtlMs); // 0.7 of it since the last renewal, which may be a while ago
    await eventually('all to end', () => ledger.alive().length === 0);
    expect(passed()).toBeLessThan(0.85 * leaseTtlMs);
    await eventually('all to run again', () => ledger.of('start').length === 2 * jobs.length, 60_000);
    await eventually('three leases', () => passed() > 3 * leaseTtlMs, 60_000);
    fleet.worker('w1').child.kill('SIGCONT');
    await eventually('the late events to be dropped', async () => (await fleet.staleEvents()) >= jobs.length, 30_000);
    ledger.open('go');
    const ended = await fleet.wait(jobs);
    expect(ended.map(({ status, attempt }) => [status, attempt])).toEqual(jobs.map(() => [JobStatus.SUCCEEDED, 2]));
    expect(ledger.of('double')).toEqual([]);
    expect(ledger.of('start')).toHaveLength(2 * jobs.length);
    expect(ledger.of('end')).toHaveLength(jobs.length);
  }, 120_000);
});
