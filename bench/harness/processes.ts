/** Processes of the built `marid` command: a control plane and workers, each by itself, as in an installation. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MaridClient } from '../../client/index.js';

const MARID = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** A process that has said that it is ready. */
export interface MaridProcess {
  readonly child: ChildProcess;
  readonly address: string;
}

/** A control plane with the embedded engines in a temporary folder, and its workers. */
export class Fleet {
  private readonly children: ChildProcess[] = [];

  private constructor(
    readonly folder: string,
    readonly controlPlane: MaridProcess,
    readonly client: MaridClient,
  ) {}

  /** Starts a control plane in a new folder below `parent`; `environment` configures it and its workers. */
  static async start(parent: string, environment: Readonly<Record<string, string>> = {}): Promise<Fleet> {
    const folder = await mkdtemp(join(parent, 'fleet-'));
    const args = ['control-plane', '--listen', '127.0.0.1:0', '--data-folder', join(folder, 'data')];
    const controlPlane = await startMarid(args, join(folder, 'control-plane.log'), environment);
    const fleet = new Fleet(folder, controlPlane, MaridClient.connect({ address: controlPlane.address }));
    fleet.children.push(controlPlane.child);
    return fleet;
  }

  /** Starts the worker of this name, or the next process of it. */
  async startWorker(
    name: string,
    options: { readonly memoryMb: number; readonly environment?: Readonly<Record<string, string>> },
  ): Promise<MaridProcess> {
    const place = ['--control-plane', this.controlPlane.address, '--state-folder', join(this.folder, name)];
    const args = ['worker', ...place, '--memory', `${String(options.memoryMb)}m`];
    const worker = await startMarid(args, join(this.folder, `${name}.log`), options.environment);
    this.children.push(worker.child);
    return worker;
  }

  /** Ends all processes that still run, the control plane last. The folder stays: see `oneRound`. */
  async stop(): Promise<void> {
    await this.client.close();
    for (const child of this.children.reverse()) await end(child);
  }
}

/** Sends a signal to a process that runs, and waits for its end. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

/** Starts `marid` with these arguments; resolves when it has told its address. What it logs goes to the end of the file `log`. */
export async function startMarid(
  args: readonly string[],
  log: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<MaridProcess> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [MARID, ...args, '-o', 'json'], { stdio: ['ignore', 'pipe', 'pipe'], env });
  child.stderr.pipe(createWriteStream(log, { flags: 'a' }));
  const text = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => {
      reject(new Error(`marid ${args[0] ?? ''} ended before it was ready: see ${log}`));
    });
    child.stdout.setEncoding('utf8').once('data', resolve);
  });
  return { child, address: /"address":\s*"([^"]+)"/.exec(text)?.[1] ?? '' };
}
