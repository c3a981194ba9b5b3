/** The network between a worker and its control plane fails in every way. Asserted from the ledger that the jobs keep. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { ChaosFleet } from '../support/chaos-fleet.js';
import { eventually } from '../support/eventually.js';
import type { Fault } from '../support/fault-proxy.js';

const FAULTS: readonly Fault[] = [
  { kind: 'refuse' },
  { kind: 'half-open' },
  { kind: 'lost-answers' },
  { kind: 'none', delayMs: 200 },
];

let fleet: ChaosFleet;
afterEach(() => fleet.close());

describe('a network that fails for less than a lease', () => {
  test('costs no job and repeats none', async () => {
    fleet = await ChaosFleet.open({ leaseTtlMs: 20_000 });
    const jobs = [...(await fleet.run([{ gate: 'go' }, { gate: 'go', exitCode: 7 }]))];
    for (const fault of FAULTS) {
      const early = await Promise.all([{ seconds: 0.3 }, { seconds: 0.6 }].map((job) => fleet.submit(job)));
      fleet.network.fault = fault;
      const late = await Promise.all([{}, { seconds: 0.1 }].map((job) => fleet.submit(job)));
      jobs.push(...early, ...late);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      fleet.network.fault = { kind: 'none' };
      fleet.network.cut();
    }
    fleet.ledger.open('go');
    const ended = await fleet.wait(jobs);
    expect(ended.map((job) => job.result?.exitCode)).toEqual(jobs.map((_, index) => (index === 1 ? 7 : 0)));
    expect(fleet.ledger.of('start')).toHaveLength(jobs.length);
    expect(fleet.ledger.of('end')).toHaveLength(jobs.length);
  }, 60_000);
});

describe('a network that fails for longer than a lease', () => {
  test('has the jobs ended in time, and run again without an overlap when it is back', async () => {
    fleet = await ChaosFleet.open();
    const jobs = await fleet.run([{}, { stubborn: true }].map((kind) => ({ ...kind, gate: 'go', maxAttempts: 2 })));
    const cut = performance.now();
    fleet.network.fault = { kind: 'half-open' };
    await eventually('all to end', () => fleet.ledger.alive().length === 0);
    expect(performance.now() - cut).toBeLessThan(0.85 * fleet.leaseTtlMs);
    fleet.ledger.open('go');
    fleet.network.fault = { kind: 'none' };
    const ended = await fleet.wait(jobs);
    expect(ended.map((job) => job.status)).toEqual(jobs.map(() => JobStatus.SUCCEEDED));
    expect(fleet.ledger.of('double')).toEqual([]);
    expect(fleet.ledger.of('start')).toHaveLength(2 * jobs.length);
  }, 60_000);
});
