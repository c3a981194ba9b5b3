/** From a submit to the first instruction of the job's process, at about 12 jobs a second: what a person or a service waits for. */
import { compare } from '../harness/comparison.js';
import type { Started } from '../harness/rounds.js';
import { quantile } from '../harness/statistics.js';
import type { Workload } from '../harness/workload.js';
import { CONTENDERS } from './contenders.js';

/** Milliseconds between two submits. */
const PACE_MS = 83;

/** At 12 jobs a second never more than a few run: what there is room for does not matter. */
const AT_ONCE = 8;

/** Latency of each contender. */
export const START: Workload = {
  summary: 'submit to the first instruction of the process at 12 jobs/s, p50 and p99',
  run: ({ jobs = 120, rounds = 5, contenders = CONTENDERS }) =>
    compare(
      {
        ...{ workload: 'start', title: 'Submit to first instruction', unit: 'ms', moreIsBetter: false },
        ...{ contenders, reference: 'BullMQ', rounds, jobs, measure, concurrencies: [AT_ONCE] },
      },
      console.log,
    ),
};

async function measure({ system, ledger, ids }: Started, jobs: number): Promise<Readonly<Record<string, number>>> {
  const submitted = new Map<string, number>();
  const waits: Promise<void>[] = [];
  const round = ids(jobs);
  for (const id of round) {
    submitted.set(id, performance.timeOrigin + performance.now());
    waits.push(system.submit(id));
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
  }
  await Promise.all(waits);
  await ledger.reached(Number(round[0]) + jobs);
  const times = await ledger.times();
  const latencies = round.map((id) => (times.get(id) ?? NaN) - (submitted.get(id) ?? NaN));
  return { 'p50 ms': quantile(latencies, 0.5), 'p99 ms': quantile(latencies, 0.99) };
}
