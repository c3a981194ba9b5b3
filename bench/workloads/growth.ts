/** How one control plane grows: a real process with the embedded engines, thousands of idle workers, and more and more jobs that run for ever. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MaridClient } from '../../client/index.js';
import { HeldWorker } from '../harness/held-worker.js';
import { inLanes, upTo } from '../harness/lanes.js';
import type { Workload } from '../harness/workload.js';
import { benchJob, cpuOf, JOB_MEMORY_MB, memoryOf, register } from '../system.js';

const MARID = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
/** Workers that hold the jobs; the idle ones are of a pool without jobs. */
const HOLDERS = 50;
/** Workers started, and jobs submitted, at a time. */
const TOGETHER = 16;
/** Time for everything to become quiet, and of a measurement, milliseconds. */
const SETTLE_MS = 5000;
const MEASURE_MS = 10_000;

/** The workers are real gateways, each with a connection of its own; only their jobs are not processes. */
export const GROWTH: Workload = {
  summary: 'CPU and memory of a control plane with --workers idle workers and 1, 100, ... --jobs running jobs',
  run: async ({ jobs = 10_000, workers = 2000 }) => {
    const folder = await mkdtemp(join(tmpdir(), 'marid-growth-'));
    const growing = await Growing.start(folder);
    try {
      await growing.report('no workers');
      await growing.addWorkers('idle', workers, JOB_MEMORY_MB);
      await growing.report(`${String(workers)} idle workers`);
      await growing.addWorkers('default', HOLDERS, Math.ceil((jobs * 1.2) / HOLDERS) * JOB_MEMORY_MB);
      for (const step of [...[1, 100, 1000].filter((each) => each < jobs), jobs]) {
        await growing.runJobs(step);
        await growing.report(`${String(workers)} idle workers, ${String(HOLDERS)} with ${String(step)} jobs`);
      }
    } finally {
      await growing.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** A control plane, and what makes it grow. */
class Growing {
  private readonly workers: HeldWorker[] = [];

  private constructor(
    private readonly address: string,
    private readonly pid: string,
    private readonly client: MaridClient,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(folder: string): Promise<Growing> {
    const config = join(folder, 'marid.yaml');
    await writeFile(config, 'controlPlane:\n  pools: [default, idle]\n');
    const args = ['control-plane', '--listen', '127.0.0.1:0', '--data-folder', folder, '--config', config];
    const child = spawn(process.execPath, [MARID, ...args, '-o', 'json'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const text = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => {
        reject(new Error('the control plane ended before it was ready'));
      });
      child.stdout.setEncoding('utf8').once('data', resolve);
    });
    const address = /"address":\s*"([^"]+)"/.exec(text)?.[1] ?? '';
    const client = MaridClient.connect({ address });
    await register(client, { noop: ['/bin/true'] });
    return new Growing(address, String(child.pid), client, async () => {
      await client.close();
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('close', resolve));
    });
  }

  async addWorkers(pool: string, count: number, memoryMb: number): Promise<void> {
    const { address } = this;
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
    await inLanes(upTo(jobs - this.running), TOGETHER, () => this.client.submit(benchJob('noop')));
    while (this.running < jobs) await pause(100);
  }

  async report(what: string): Promise<void> {
    await pause(SETTLE_MS);
    const before = await cpuOf(this.pid, what);
    await pause(MEASURE_MS);
    const after = await cpuOf(this.pid, what);
    const percent = ((after.ownMs - before.ownMs) / MEASURE_MS) * 100;
    const { residentMb } = await memoryOf(this.pid, what);
    const [load = ''] = (await readFile('/proc/loadavg', 'utf8')).split(' ');
    const figures = `${percent.toFixed(1)} % of a core, ${residentMb.toFixed(0)} MB resident`;
    console.log(`${what.padEnd(44)} ${figures} (load of the machine: ${load})`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.end();
  }

  private get running(): number {
    return this.workers.reduce((sum, worker) => sum + worker.running, 0);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
