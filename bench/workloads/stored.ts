/** What a submit costs as stored jobs grow: ended jobs are written to the store directly, then a real control plane is started over them. */
import { join } from 'node:path';
import type { Job } from '../../core/job/job.js';
import { requestKill } from '../../core/job/kill.js';
import { PinoLogger } from '../../infra/runtime/pino-logger.js';
import { SqliteDatabase } from '../../infra/store/sqlite/sqlite-database.js';
import { SqliteJobStore } from '../../infra/store/sqlite/sqlite-job-store.js';
import { ControlPlaneProcess } from '../harness/control-plane-process.js';
import { inLanes, upTo } from '../harness/lanes.js';
import { quantile } from '../harness/statistics.js';
import { inTemporaryFolder } from '../harness/temporary-folder.js';
import type { Workload } from '../harness/workload.js';
import { benchJob, cpuOf, register } from '../system.js';
import { jobMaker } from './stored-jobs.js';

const SUBMITS = 1000;
const IN_FLIGHT = 32;
const STORED_TOGETHER = 500;
/** The oldest job is that old, younger than the time after which jobs are removed. */
const SPAN_MS = 30 * 24 * 3_600_000;

/** Control plane's CPU, and latency, of a submit. */
export const STORED: Workload = {
  summary: 'cost of a submit with 1,000, 10,000, ... --jobs stored jobs (a million)',
  run: ({ jobs = 1_000_000 }) =>
    inTemporaryFolder(async (folder) => {
      let stored = 0;
      for (const step of [...[1000, 10_000, 100_000].filter((each) => each < jobs), jobs]) {
        await store(folder, stored, step);
        stored = step;
        console.log(`${String(stored).padStart(9)} stored jobs: ${await submits(folder, stored === 1000)}`);
      }
    }),
};

/** Writes ended jobs until there are so many. */
async function store(folder: string, from: number, to: number): Promise<void> {
  const path = join(folder, 'marid.db');
  const database = SqliteDatabase.open({ path, logger: PinoLogger.create({ level: 'warn' }) });
  try {
    const jobs = new SqliteJobStore(database);
    const begin = Date.now() - SPAN_MS;
    const make = jobMaker((n) => begin + n);
    for (let done = from; done < to; done += STORED_TOGETHER) {
      const count = Math.min(STORED_TOGETHER, to - done);
      await Promise.all(
        Array.from({ length: count }, (_, index) => {
          return jobs.insert({ job: ended(make(done + index)) });
        }),
      );
    }
  } finally {
    database.close();
  }
}

/** The job as killed before it was claimed, and published. */
function ended(job: Job): Job {
  const killed = requestKill(job, { actor: 'bench', reason: '', now: job.createdAt });
  if (killed.kind === 'unchanged') throw new Error('a waiting job can be killed');
  return { ...killed.job, publishedSequence: killed.job.history.length };
}

async function submits(folder: string, first: boolean): Promise<string> {
  const plane = await ControlPlaneProcess.start(folder);
  try {
    if (first) await register(plane.client, { noop: ['/bin/true'] });
    await submitMany(plane, SUBMITS / 5);
    const before = await cpuOf(plane.pid, 'control plane');
    const times = await submitMany(plane, SUBMITS);
    const { ownMs } = await cpuOf(plane.pid, 'control plane');
    const cpu = ((ownMs - before.ownMs) / SUBMITS).toFixed(2);
    const latency = `p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms`;
    return `${cpu} ms of CPU for a submit; ${latency} with ${String(IN_FLIGHT)} in flight`;
  } finally {
    await plane.stop();
  }
}

/** How long each took, milliseconds. */
async function submitMany({ client }: ControlPlaneProcess, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  await inLanes(upTo(count), IN_FLIGHT, async () => {
    const started = performance.now();
    await client.submit(benchJob('noop'));
    times.push(performance.now() - started);
  });
  return times;
}
