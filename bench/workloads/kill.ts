/**
 * A worker is SIGKILLed while its jobs run. Each job appends the id of its process to a file of its own, so what counts is what really ran: how long until the jobs are watched again or run again,
 * how often each was started, and whether two copies of one ran at the same time.
 */
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BULL_MQ } from '../contenders/peers.js';
import { end, Fleet } from '../harness/processes.js';
import { writeFigures } from '../harness/results.js';
import { inTemporaryFolder } from '../harness/temporary-folder.js';
import type { Workload } from '../harness/workload.js';
import { benchJob, JOB_MEMORY_MB, register } from '../system.js';

/** The smallest lease that Marid takes, milliseconds; the default is 120,000. */
const LEASE_MS = 4000;
const LOOK_EVERY_MS = 20;
const PATIENCE_MS = 120_000;

/** What was seen of a kill. */
interface Seen {
  /** Until all jobs were watched again, or all ran again. */
  readonly seconds: number;
  /** Most starts of one job. */
  readonly starts: number;
  /** Jobs of which two copies ran at the same time. */
  readonly twice: number;
}

/** Each way to be killed, in turn. */
export const KILL: Workload = {
  summary:
    'a worker is SIGKILLed with 20 jobs (--jobs): time until they are taken back or run again, and starts of each',
  run: async ({ jobs = 20 }) => {
    const figures: Record<string, Seen> = {};
    const report = (name: string, seen: Seen): void => {
      figures[name] = seen;
      const { seconds, starts, twice } = seen;
      console.log(
        `${name.padEnd(58)} ${seconds.toFixed(1)} s, ${String(starts)} starts of one at most, ${String(twice)} ran twice at a time`,
      );
    };
    report('marid, worker started again: all taken back', await takenBack(jobs));
    report(`marid, lease of ${String(LEASE_MS / 1000)} s, another worker: all run again`, await runElsewhere(jobs));
    const bullMq = await bullMqKilled(jobs).catch((error: unknown) => {
      console.log(`BullMQ is left out: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    });
    if (bullMq !== null) report('BullMQ 6, defaults, another worker: all run again', bullMq);
    console.log(`written: ${await writeFigures('kill', { jobs, figures })}`);
  },
};

/** The next process of the worker on the same folder takes the jobs from the launcher. */
async function takenBack(jobs: number): Promise<Seen> {
  return withFleet({}, jobs, async ({ fleet, runs, first, memoryMb }) => {
    const killed = performance.now();
    await end(first, 'SIGKILL');
    await fleet.startWorker('w1', { memoryMb });
    const log = join(fleet.folder, 'w1.log');
    const held = new RegExp(`"held":${String(jobs)},"msg":"registered`);
    await until('the jobs to be taken back', async () => held.test(await readFile(log, 'utf8')));
    return { seconds: (performance.now() - killed) / 1000, ...(await runs.counts()) };
  });
}

/** Nobody comes back: the launcher ends the jobs before the lease is over, then they run on another worker. */
async function runElsewhere(jobs: number): Promise<Seen> {
  const lease = {
    MARID_CONTROL_PLANE_LEASE_TTL_MS: String(LEASE_MS),
    MARID_CONTROL_PLANE_HEARTBEAT_INTERVAL_MS: '1000',
  };
  return withFleet(lease, jobs, async ({ fleet, runs, first, memoryMb }) => {
    await fleet.startWorker('w2', { memoryMb });
    const killed = performance.now();
    await end(first, 'SIGKILL');
    await until('all to run again', () => runs.all(jobs, 2));
    return { seconds: (performance.now() - killed) / 1000, ...(await runs.counts()) };
  });
}

interface Running {
  readonly fleet: Fleet;
  readonly runs: Runs;
  readonly first: Parameters<typeof end>[0];
  readonly memoryMb: number;
}

async function withFleet(
  environment: Readonly<Record<string, string>>,
  jobs: number,
  work: (running: Running) => Promise<Seen>,
): Promise<Seen> {
  return inTemporaryFolder(async (folder) => {
    const fleet = await Fleet.start(folder, environment);
    try {
      const runs = await Runs.open(join(fleet.folder, 'runs'));
      await register(fleet.client, { stay: [runs.program, runs.folder] });
      const memoryMb = jobs * JOB_MEMORY_MB;
      const { child: first } = await fleet.startWorker('w1', { memoryMb });
      for (let index = 0; index < jobs; index += 1) {
        await fleet.client.submit({ ...benchJob('stay', [`job-${String(index)}`]), maxAttempts: 2 });
      }
      await until('all jobs to run', () => runs.all(jobs, 1));
      const seen = await work({ fleet, runs, first, memoryMb });
      for await (const { id } of fleet.client.list({})) await fleet.client.kill(id);
      await until('all jobs to end', async () => (await runs.alive()).length === 0);
      return seen;
    } finally {
      await fleet.stop();
    }
  });
}

function bullMqKilled(jobs: number): Promise<Seen> {
  return inTemporaryFolder(async (folder) => {
    const runs = await Runs.open(join(folder, 'runs'));
    const prepared = await BULL_MQ.prepare({ folder, stamp: runs.program, report: console.error });
    try {
      const round = join(folder, 'round');
      await mkdir(round);
      const system = await prepared.start({ folder: round, ledger: runs.folder, concurrency: jobs });
      for (let index = 0; index < jobs; index += 1) await system.submit(`job-${String(index)}`);
      await until('all jobs to run', () => runs.all(jobs, 1));
      const killed = performance.now();
      await system.submit('kill-worker');
      await until('all to run again', () => runs.all(jobs, 2));
      const seen = { seconds: (performance.now() - killed) / 1000, ...(await runs.counts()) };
      for (const pid of await runs.alive()) process.kill(pid, 'SIGKILL');
      await system.stop();
      return seen;
    } finally {
      await prepared.stop();
    }
  });
}

/** What really ran: a file for each job, with the number of each of its processes. Stateless. */
class Runs {
  private constructor(
    readonly folder: string,
    /** Program of the jobs: takes the folder and an id, and stays for ten minutes. */
    readonly program: string,
  ) {}

  static async open(folder: string): Promise<Runs> {
    const program = `${folder}.sh`;
    await mkdir(folder);
    await writeFile(program, '#!/bin/sh\nmkdir -p "$1" && echo $$ >> "$1/$2" && exec sleep 600\n');
    await chmod(program, 0o755);
    return new Runs(folder, program);
  }

  /** Whether so many jobs have been started so often. */
  async all(jobs: number, times: number): Promise<boolean> {
    return (await this.pids()).filter((pids) => pids.length >= times).length === jobs;
  }

  async counts(): Promise<Pick<Seen, 'starts' | 'twice'>> {
    const pids = await this.pids();
    const living = pids.map((each) => each.filter(lives).length);
    return { starts: Math.max(...pids.map(({ length }) => length)), twice: living.filter((count) => count > 1).length };
  }

  /** Processes that live. */
  async alive(): Promise<readonly number[]> {
    return (await this.pids()).flat().filter(lives);
  }

  private async pids(): Promise<readonly (readonly number[])[]> {
    const names = await readdir(this.folder);
    const texts = await Promise.all(names.map((name) => readFile(join(this.folder, name), 'utf8')));
    return texts.map((text) => text.split('\n').filter((line) => line !== '').map(Number)); // prettier-ignore
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await holds())) {
    if (performance.now() - started > PATIENCE_MS)
      throw new Error(`waited for ${what} for ${String(PATIENCE_MS / 1000)} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
