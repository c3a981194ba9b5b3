/** No-op jobs end to end: from the first submit to the last job's start, 32 submits in flight. */
import { compare } from '../harness/comparison.js';
import type { Started } from '../harness/rounds.js';
import type { Workload } from '../harness/workload.js';
import { CONTENDERS } from './contenders.js';

const IN_FLIGHT = 32;

/** Throughput of each contender at its best concurrency. */
export const JOBS: Workload = {
  summary: 'no-op process jobs end to end, a second; Marid beside the floors and other job queues',
  run: ({ jobs = 2000, rounds = 5, contenders = CONTENDERS }) =>
    compare(
      {
        ...{ workload: 'jobs', title: 'No-op jobs end to end, a second', unit: 'jobs/s', moreIsBetter: true },
        ...{ contenders, reference: 'BullMQ', rounds, jobs, measure: throughput },
      },
      console.log,
    ),
};

/** Jobs a second until the last has run, and until all are acknowledged. */
export async function throughput(
  { ledger, ids, submitAll }: Started,
  jobs: number,
): Promise<Readonly<Record<string, number>>> {
  const round = ids(jobs);
  const before = round[0] === undefined ? 0 : Number(round[0]);
  const started = performance.now();
  await submitAll(round, IN_FLIGHT);
  const acknowledged = performance.now() - started;
  await ledger.reached(before + jobs);
  return {
    'jobs/s': (jobs * 1000) / (performance.now() - started),
    'acknowledged/s': (jobs * 1000) / acknowledged,
  };
}
