/**
 * How one control plane grows: a real process with the embedded engines, thousands of idle workers, and more and more jobs that run for ever. Prints its CPU and memory at each
 * number of running jobs. `npm run bench:growth -- [--workers 2000] [--jobs 1,100,1000,10000] [--holders 50] [--seconds 10]`. The workers are real gateways, each with a connection of its
 * own, in this process; only their jobs are not processes.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MaridClient } from '../client/index.js';
import { HeldWorker } from './held-worker.js';
import { benchJob, cpuOf, memoryOf, register } from './system.js';

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2000' },
    jobs: { type: 'string', default: '1,100,1000,10000' },
    holders: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '10' },
  },
});
const STEPS = values.jobs.split(',').map(Number);
const HOLDERS = Number(values.holders);
/** MiB of each job: the command's. */
const JOB_MB = 16;
const STARTING = 20;
const SUBMITTING = 16;
/** Time for everything to become quiet before a measurement, milliseconds. */
const SETTLE_MS = 5000;

const folder = await mkdtemp(join(tmpdir(), 'marid-growth-'));
const { child, address } = await startControlPlane();
const workers: HeldWorker[] = [];
try {
  const client = MaridClient.connect({ address });
  await register(client);
  await report('no workers');
  await startWorkers('idle', Number(values.workers), JOB_MB);
  await report(`${values.workers} idle workers`);
  const most = Math.ceil((Math.max(...STEPS) * 1.2) / HOLDERS) * JOB_MB;
  await startWorkers('default', HOLDERS, most);
  for (const jobs of STEPS) {
    await runJobs(client, jobs);
    await report(`${values.workers} idle workers, ${String(HOLDERS)} with ${String(jobs)} jobs`);
  }
  await client.close();
} finally {
  await Promise.all(workers.map((worker) => worker.stop()));
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('close', resolve));
  await rm(folder, { recursive: true, force: true });
}
process.exit();

async function startControlPlane(): Promise<{ readonly child: ChildProcess; readonly address: string }> {
  const config = join(folder, 'marid.yaml');
  await writeFile(config, 'controlPlane:\n  pools: [default, idle]\n');
  const marid = fileURLToPath(new URL('../cli/main.js', import.meta.url));
  const args = ['control-plane', '--listen', '127.0.0.1:0', '--data-folder', folder, '--config', config, '-o', 'json'];
  const profile = process.env['MARID_BENCH_NODE_OPTIONS']?.split(' ') ?? [];
  const started = spawn(process.execPath, [...profile, marid, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const text = await new Promise<string>((resolve, reject) => {
    started.once('exit', () => reject(new Error('the control plane ended before it was ready')));
    started.stdout.setEncoding('utf8').once('data', resolve);
  });
  return { child: started, address: /"address":\s*"([^"]+)"/.exec(text)?.[1] ?? '' };
}

async function startWorkers(pool: string, count: number, memoryMb: number): Promise<void> {
  for (let first = 0; first < count; first += STARTING) {
    const names = Array.from({ length: Math.min(STARTING, count - first) }, (_, index) => `${pool}-${first + index}`);
    workers.push(...(await Promise.all(names.map((name) => HeldWorker.start({ address, name, pool, memoryMb })))));
    await pause(20);
  }
}

/** Submits until so many jobs run. */
async function runJobs(client: MaridClient, jobs: number): Promise<void> {
  let left = jobs - running();
  const lane = async (): Promise<void> => {
    while (left-- > 0) await client.submit(benchJob('noop'));
  };
  await Promise.all(Array.from({ length: SUBMITTING }, lane));
  while (running() < jobs) await pause(100);
}

function running(): number {
  return workers.reduce((sum, worker) => sum + worker.running, 0);
}

async function report(what: string): Promise<void> {
  await pause(SETTLE_MS);
  const pid = String(child.pid);
  const seconds = Number(values.seconds);
  const before = await cpuOf(pid, what);
  await pause(seconds * 1000);
  const after = await cpuOf(pid, what);
  const { residentMb } = await memoryOf(pid, what);
  const percent = (after.ownMs - before.ownMs) / (seconds * 10);
  const [load = ''] = (await readFile('/proc/loadavg', 'utf8')).split(' ');
  console.log(
    `${what.padEnd(48)} ${percent.toFixed(1)} % of a core, ${residentMb.toFixed(0)} MB resident (load of the machine ${load})`,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
