/** How one control plane grows: a real process with the embedded engines, thousands of idle workers, and more and more jobs that run for ever; and what a submit costs beside them. */
import { readFile } from 'node:fs/promises';
import { ControlPlaneProcess } from '../harness/control-plane-process.js';
import { HeldWorker } from '../harness/held-worker.js';
import { inLanes, upTo } from '../harness/lanes.js';
import { inTemporaryFolder } from '../harness/temporary-folder.js';
import type { Workload } from '../harness/workload.js';
import { benchJob, cpuOf, JOB_MEMORY_MB, memoryOf, register } from '../system.js';

/** Workers that hold the jobs; the idle ones are of a pool without jobs. */
const HOLDERS = 50;
/** Workers started, and jobs submitted, at a time. */
const TOGETHER = 16;
/** Time for everything to become quiet, and of a measurement, milliseconds. */
const SETTLE_MS = 5000;
const MEASURE_MS = 10_000;
/** A pool without workers, and how many submits to it are measured. */
const NOBODY = 'nobody';
const SUBMITS = 1000;

/** The workers are real gateways, each with a connection of its own; only their jobs are not processes. */
export const GROWTH: Workload = {
  summary: 'CPU and memory of a control plane with --workers idle workers and 1, 10, 100, ... --jobs running jobs',
  run: ({ jobs = 10_000, workers = 2000 }) =>
    inTemporaryFolder(async (folder) => {
      const growing = await Growing.start(folder);
      try {
        await growing.submits(); // warm
        await growing.report('no workers', { submits: true });
        await growing.addWorkers('idle', workers, JOB_MEMORY_MB);
        await growing.report(`${String(workers)} idle workers`, { submits: true });
        await growing.addWorkers('default', HOLDERS, Math.ceil((jobs * 1.2) / HOLDERS) * JOB_MEMORY_MB);
        for (const step of [...[1, 10, 100, 1000].filter((each) => each < jobs), jobs]) {
          await growing.runJobs(step);
          await growing.report(`${String(workers)} idle workers, ${String(HOLDERS)} with ${String(step)} jobs`);
        }
      } finally {
        await growing.stop();
      }
    }),
};

/** A control plane, and what makes it grow. */
class Growing {
  private readonly workers: HeldWorker[] = [];

  private constructor(private readonly plane: ControlPlaneProcess) {}

  static async start(folder: string): Promise<Growing> {
    const plane = await ControlPlaneProcess.start(folder, ['default', 'idle', NOBODY]);
    await register(plane.client, { noop: ['/bin/true'] });
    return new Growing(plane);
  }

  async addWorkers(pool: string, count: number, memoryMb: number): Promise<void> {
    const { address } = this.plane;
    for (let first = 0; first < count; first += TOGETHER) {
      const length = Math.min(TOGETHER, count - first);
      const names = Array.from({ length }, (_, index) => `${pool}-${String(first + index)}`);
      this.workers.push(
        ...(await Promise.all(names.map((name) => HeldWorker.start({ address, name, pool, memoryMb })))),
      );
    }
  }

  /** Submits until so many jobs run. */
  async runJobs(jobs: number): Promise<void> {
    await inLanes(upTo(jobs - this.running), TOGETHER, () => this.plane.client.submit(benchJob('noop')));
    while (this.running < jobs) await pause(100);
  }

  /** Submits some jobs that nobody runs. */
  async submits(): Promise<void> {
    const job = { ...benchJob('noop'), pool: NOBODY };
    await inLanes(upTo(SUBMITS), TOGETHER, () => this.plane.client.submit(job));
  }

  async report(what: string, { submits = false } = {}): Promise<void> {
    await pause(SETTLE_MS);
    const idle = await this.cpuDuring(() => pause(MEASURE_MS));
    const share = idle.ms / idle.wallMs;
    const { residentMb } = await memoryOf(this.plane.pid, what);
    const [load = ''] = (await readFile('/proc/loadavg', 'utf8')).split(' ');
    const figures = `${(share * 100).toFixed(1)} % of a core, ${residentMb.toFixed(0)} MB resident`;
    console.log(`${what.padEnd(44)} ${figures} (load of the machine: ${load})`);
    if (!submits) return;
    const { ms, wallMs } = await this.cpuDuring(() => this.submits());
    console.log(`${' '.repeat(44)} and for each submit ${((ms - share * wallMs) / SUBMITS).toFixed(2)} ms`);
  }

  /** CPU time of the control plane while something is done, and how long that takes. */
  private async cpuDuring(work: () => Promise<void>): Promise<{ readonly ms: number; readonly wallMs: number }> {
    const own = async (): Promise<number> => (await cpuOf(this.plane.pid, 'control plane')).ownMs;
    const [before, started] = [await own(), performance.now()];
    await work();
    const wallMs = performance.now() - started;
    return { ms: (await own()) - before, wallMs };
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.plane.stop();
  }

  private get running(): number {
    return this.workers.reduce((sum, worker) => sum + worker.running, 0);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
