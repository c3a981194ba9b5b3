/** A `marid dev` in a fresh folder, with a no-op command, for one benchmark run. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MaridClient } from '../client/index.js';
import { ClusterStatus } from '../proto/gen/marid/v1/cluster_pb.js';

const MARID = fileURLToPath(new URL('../cli/main.js', import.meta.url));

/** Of the kernel's clock, as everywhere on Linux. */
const TICKS_A_SECOND = 100;

/** Memory of one process. */
export interface ProcessMemory {
  readonly name: string;
  /** Resident set in MiB. */
  readonly residentMb: number;
  /** Proportional set in MiB: shared pages counted once over their users. */
  readonly proportionalMb: number;
}

/** The system under test. */
export class SystemUnderTest {
  private constructor(
    readonly client: MaridClient,
    readonly folder: string,
    private readonly pid: number,
    private readonly end: () => Promise<void>,
  ) {}

  /** Starts it, on the engines that the environment names (default: embedded), and registers a cluster and the command `noop`, which runs `/bin/true`, and `sh`, which runs `/bin/sh -c`. */
  static async start(environment: Readonly<Record<string, string>> = {}): Promise<SystemUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'marid-bench-'));
    const args = ['dev', '--listen', '127.0.0.1:0', '--data-folder', folder, '--memory', '4g', '-o', 'json'];
    const env = { ...process.env, ...environment };
    const child = spawn(process.execPath, [MARID, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env });
    const address = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => {
        reject(new Error('marid dev ended before it was ready'));
      });
      child.stdout.setEncoding('utf8').once('data', (text: string) => {
        resolve(/"address":\s*"([^"]+)"/.exec(text)?.[1] ?? '');
      });
    });
    const client = MaridClient.connect({ address });
    await register(client);
    return new SystemUnderTest(client, folder, child.pid ?? 0, async () => {
      await client.close();
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('close', resolve));
      await rm(folder, { recursive: true, force: true });
    });
  }

  /** CPU that the process uses while nothing happens, in percent of one core, over some seconds. */
  async idleCpu(seconds: number): Promise<number> {
    const before = await cpuTicks(this.pid);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return ((await cpuTicks(this.pid)) - before) / TICKS_A_SECOND / seconds / 0.01;
  }

  /** Memory of the process and of its launcher. */
  async memory(): Promise<readonly ProcessMemory[]> {
    const found: ProcessMemory[] = [];
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (Number(pid) === this.pid) found.push(await memoryOf(pid, 'marid dev'));
      else if (line.includes('launcher') && line.includes(this.folder)) found.push(await memoryOf(pid, 'launcher'));
    }
    return found;
  }

  stop(): Promise<void> {
    return this.end();
  }
}

/** Ticks of user and system time, fields 14 and 15 of proc_pid_stat(5). */
async function cpuTicks(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function memoryOf(pid: string, name: string): Promise<ProcessMemory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}: +(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { name, residentMb: megabytes('Rss'), proportionalMb: megabytes('Pss') };
}

async function register(client: MaridClient): Promise<void> {
  const common = { user: 'bench', version: '1' };
  await client.clusters.createCluster({
    cluster: { ...common, id: 'local', name: 'local', tags: ['bench'], status: ClusterStatus.UP },
  });
  const commands = { noop: ['/bin/true'], sh: ['/bin/sh', '-c'] };
  for (const [id, executable] of Object.entries(commands)) {
    const command = { ...common, id, name: id, executable, clusterCriteria: [{ tags: ['bench'] }], memoryMb: 16 };
    await client.commands.createCommand({ command });
  }
}

/** A request for one of the bench's commands. */
export function benchJob(command: 'noop' | 'sh', args: readonly string[] = []) {
  return {
    user: 'bench',
    clusterCriteria: [{ tags: ['bench'] }],
    commandCriterion: { id: command },
    arguments: [...args],
  };
}
