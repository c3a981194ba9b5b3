/** No-op jobs end to end by one control plane with 1 to 8 workers, each a process of its own. */
import { join } from 'node:path';
import { inLanes } from '../harness/lanes.js';
import { Ledger } from '../harness/ledger.js';
import { Fleet } from '../harness/processes.js';
import { writeFigures } from '../harness/results.js';
import { summaryOf, type Summary } from '../harness/statistics.js';
import { inTemporaryFolder } from '../harness/temporary-folder.js';
import { compiled, toolContext } from '../harness/tools.js';
import type { Workload } from '../harness/workload.js';
import { benchJob, JOB_MEMORY_MB, register } from '../system.js';

const WORKERS = [1, 2, 4, 8];
const IN_FLIGHT = 32;
/** Jobs that all workers together run at once. */
const AT_ONCE = 64;
/** For the just-in-time compilers of all processes. */
const WARM_UP_JOBS = 1000;

/** Throughput by the number of workers. */
export const WORKERS_BY_NUMBER: Workload = {
  summary: 'no-op process jobs end to end with 1, 2, 4 and 8 workers of one control plane',
  run: async ({ jobs = 1000, rounds = 5 }) => {
    const stamp = await compiled(toolContext(console.error), 'stamp');
    const found = new Map(WORKERS.map((count) => [count, [] as number[]]));
    await inTemporaryFolder(async (folder) => {
      for (let round = 0; round < rounds; round += 1) {
        for (const count of WORKERS) found.get(count)?.push(await oneRound({ folder, stamp }, count, jobs));
      }
    });
    const figures: Record<string, Summary> = {};
    for (const [count, rates] of found) {
      const summary = summaryOf(rates);
      figures[String(count)] = summary;
      const range = `${summary.min.toFixed(0)} to ${summary.max.toFixed(0)}`;
      const ratio = summary.median / (figures['1']?.median ?? NaN);
      console.log(
        `${String(count)} workers: ${summary.median.toFixed(0)} jobs/s (${range}), ${ratio.toFixed(2)} x one worker`,
      );
    }
    console.log(`written: ${await writeFigures('workers', { unit: 'jobs/s', rounds, jobs, figures })}`);
  },
};

async function oneRound(
  { folder, stamp }: { readonly folder: string; readonly stamp: string },
  workers: number,
  jobs: number,
): Promise<number> {
  const fleet = await Fleet.start(folder);
  try {
    const ledger = new Ledger(join(fleet.folder, 'ledger'));
    await register(fleet.client, { stamp: [stamp, ledger.path] });
    const memoryMb = Math.ceil(AT_ONCE / workers) * JOB_MEMORY_MB;
    for (let index = 0; index < workers; index += 1) await fleet.startWorker(`w${String(index)}`, { memoryMb });
    const ids = Array.from({ length: jobs + WARM_UP_JOBS }, (_, index) => String(index).padStart(12, '0'));
    const submit = (some: readonly string[]): Promise<void> =>
      inLanes(some, IN_FLIGHT, (id) => fleet.client.submit(benchJob('stamp', [id])));
    await submit(ids.slice(0, WARM_UP_JOBS));
    await ledger.reached(WARM_UP_JOBS);
    const started = performance.now();
    await submit(ids.slice(WARM_UP_JOBS));
    await ledger.reached(ids.length);
    const rate = (jobs * 1000) / (performance.now() - started);
    const { lost, doubled } = await ledger.judge(ids);
    if (lost + doubled > 0) throw new Error(`${String(lost)} jobs lost, ${String(doubled)} run more than once`);
    return rate;
  } finally {
    await fleet.stop();
  }
}
