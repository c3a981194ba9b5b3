/** No-op jobs end to end by one control plane with 1 to 8 workers, each a process of its own. */
import { fleetOf } from '../contenders/marid-fleet.js';
import { compare } from '../harness/comparison.js';
import type { Workload } from '../harness/workload.js';
import { throughput } from './jobs.js';

/** Jobs that all workers together run at once. */
const AT_ONCE = 64;

/** Throughput by the number of workers. */
export const WORKERS_BY_NUMBER: Workload = {
  summary: 'no-op process jobs end to end with 1, 2, 4 and 8 workers of one control plane',
  run: ({ jobs = 1000, rounds = 5 }) =>
    compare(
      {
        ...{ workload: 'workers', title: 'No-op jobs by the number of workers, a second', unit: 'jobs/s' },
        ...{ moreIsBetter: true, contenders: [1, 2, 4, 8].map(fleetOf), reference: '1 worker', rounds, jobs },
        ...{ concurrencies: [AT_ONCE], measure: throughput },
      },
      console.log,
    ),
};
