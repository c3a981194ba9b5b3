/** A `marid dev` in a fresh folder, with a cluster and commands, for one benchmark run. */
import { mkdir, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MaridClient } from '../client/index.js';
import { end, startMarid } from './harness/processes.js';
import { temporaryFolder } from './harness/temporary-folder.js';
import { ClusterStatus } from '../proto/gen/marid/v1/cluster_pb.js';

/** Memory of one process. */
export interface ProcessMemory {
  readonly name: string;
  /** Resident set in MiB. */
  readonly residentMb: number;
  /** Proportional set in MiB: shared pages counted once over their users. */
  readonly proportionalMb: number;
}

/** CPU time of one process since its start, in milliseconds (kernel ticks of 10 ms). */
export interface ProcessCpu {
  readonly name: string;
  readonly ownMs: number;
  /** Of the processes that it started and waited for, and of theirs. */
  readonly childrenMs: number;
}

/** How it is started. */
export interface SystemOptions {
  /** Where its data are, which stay when it ends. Default: a folder of its own, which goes then. */
  readonly folder?: string;
  /** Engines, as environment variables name them. Default: embedded. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Memory for jobs, in MiB; every job of the bench takes `JOB_MEMORY_MB` of it. Default: 4,096. */
  readonly memoryMb?: number;
  /** Commands by id, each with its executable and first arguments. Default: `noop`, which runs `/bin/true`, and `sh`, which runs `/bin/sh -c`. */
  readonly commands?: Readonly<Record<string, readonly string[]>>;
}

/** Memory that each job of the bench asks for, in MiB. */
export const JOB_MEMORY_MB = 16;

const COMMANDS = { noop: ['/bin/true'], sh: ['/bin/sh', '-c'] };

/** The system under test. */
export class SystemUnderTest {
  private constructor(
    readonly client: MaridClient,
    readonly folder: string,
    private readonly pid: number,
    private readonly end: () => Promise<void>,
  ) {}

  /** Starts it, and registers a cluster and the commands. */
  static async start(options: SystemOptions = {}): Promise<SystemUnderTest> {
    const { environment = {}, memoryMb = 4096, commands = COMMANDS } = options;
    const { path: folder, remove } =
      options.folder === undefined ? await temporaryFolder() : { path: options.folder, remove: async () => undefined };
    await mkdir(folder, { recursive: true });
    const memory = `${String(memoryMb)}m`;
    const args = ['dev', '--listen', '127.0.0.1:0', '--data-folder', folder, '--memory', memory];
    const { child, address } = await startMarid(args, join(folder, 'marid.log'), environment);
    const client = MaridClient.connect({ address });
    await register(client, commands);
    return new SystemUnderTest(client, folder, child.pid ?? 0, async () => {
      await client.close();
      await end(child);
      await remove();
    });
  }

  /** CPU that the process uses while nothing happens, in percent of one core, over some seconds. */
  async idleCpu(seconds: number): Promise<number> {
    const own = async (): Promise<number> => (await cpuOf(String(this.pid), 'marid dev')).ownMs;
    const before = await own();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return ((await own()) - before) / (seconds * 10);
  }

  /** Memory of the process and of its launcher. */
  async memory(): Promise<readonly ProcessMemory[]> {
    return Promise.all((await this.processes()).map(({ pid, name }) => memoryOf(pid, name)));
  }

  /** CPU time of the process and of its launcher, whose children are the jobs. */
  async cpu(): Promise<readonly ProcessCpu[]> {
    return Promise.all((await this.processes()).map(({ pid, name }) => cpuOf(pid, name)));
  }

  private async processes(): Promise<readonly { readonly pid: string; readonly name: string }[]> {
    const launcher = await launcherOf(this.folder);
    return [{ pid: String(this.pid), name: 'marid dev' }, ...launcher.map((pid) => ({ pid, name: 'launcher' }))];
  }

  stop(): Promise<void> {
    return this.end();
  }
}

/** The launcher of the system in this folder: its standard output is its log there. */
async function launcherOf(folder: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const outputs = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/fd/1`).catch(() => '')));
  return pids.filter((_, index) => outputs[index] === join(folder, 'worker/launcher/launcher.log'));
}

/** Memory of a process now. */
export async function memoryOf(pid: string, name: string): Promise<ProcessMemory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}: +(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { name, residentMb: megabytes('Rss'), proportionalMb: megabytes('Pss') };
}

/** CPU time of a process until now. */
export async function cpuOf(pid: string, name: string): Promise<ProcessCpu> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = (first: number): number => Number(fields[first - 3]) + Number(fields[first - 2]);
  return { name, ownMs: ticks(14) * 10, childrenMs: ticks(16) * 10 };
}

/** Registers a cluster and commands. */
export async function register(
  client: MaridClient,
  commands: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const common = { user: 'bench', version: '1' };
  await client.clusters.createCluster({
    cluster: { ...common, id: 'local', name: 'local', tags: ['bench'], status: ClusterStatus.UP },
  });
  for (const [id, executable] of Object.entries(commands)) {
    const criteria = { clusterCriteria: [{ tags: ['bench'] }], memoryMb: JOB_MEMORY_MB };
    const command = { ...common, ...criteria, id, name: id, executable: [...executable] };
    await client.commands.createCommand({ command });
  }
}

/** A request for one of the bench's commands. */
export function benchJob(command: string, args: readonly string[] = []) {
  return {
    user: 'bench',
    clusterCriteria: [{ tags: ['bench'] }],
    commandCriterion: { id: command },
    arguments: [...args],
  };
}
