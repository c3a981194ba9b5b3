/** A worker's process dies, hangs or is replaced while its jobs run. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { ChaosFleet } from '../support/chaos-fleet.js';
import { eventually } from '../support/eventually.js';

const TWENTY = Array.from({ length: 20 }, (_, index) => index);

describe('a worker with twenty jobs', () => {
  let fleet: ChaosFleet;

  beforeEach(async () => {
    fleet = await ChaosFleet.open();
  });
  afterEach(() => fleet.close());

  /** How long the worker that starts now takes until it holds the jobs again under its lease, in milliseconds. */
  const readopt = async (): Promise<number> => {
    const began = performance.now();
    const worker = await fleet.startWorker('w1');
    const registered = /"held":20,"msg":"registered/;
    await eventually('all jobs to be taken back', () => registered.test(worker.stderr()));
    return performance.now() - began;
  };

  test('is killed: the next process takes all of them back within two seconds, and each ends with its own exit code', async () => {
    const jobs = await fleet.run(TWENTY.map((exitCode) => ({ gate: 'go', exitCode })));
    await fleet.worker().end('SIGKILL');
    expect(await readopt()).toBeLessThan(2_000);
    fleet.ledger.open('go');
    const ended = await fleet.wait(jobs);
    expect(ended.map((job) => job.result?.exitCode)).toEqual(TWENTY);
    expect([...fleet.ledger.starts().values()]).toEqual(TWENTY.map(() => 1));
  }, 60_000);
});
