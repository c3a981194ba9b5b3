/** Launcher processes for tests. */
import { cpSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connectLauncher, type ConnectLauncherOptions } from '../../infra/process/launcher/connect.js';
import type { SocketLauncher } from '../../infra/process/launcher/socket-launcher.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { workerOn, type LauncherBench } from '../conformance/suites/launcher.js';
import { eventually } from './eventually.js';
import { isAlive } from './processes.js';
import { QuietLogger } from './quiet-logger.js';

/** How the launcher of a bench behaves. */
export type Behaviour = Pick<ConnectLauncherOptions, 'entry' | 'idleMs' | 'leaseMs'>;

/** A state folder, its launchers and their jobs. */
export class ProcessBench implements LauncherBench {
  private readonly launchers = new Set<SocketLauncher>();
  private readonly launcherIds = new Set<number>();

  private constructor(
    readonly folder: string,
    private readonly behaviour: Behaviour,
  ) {}

  static async open(behaviour: Behaviour = {}): Promise<ProcessBench> {
    return new ProcessBench(await mkdtemp(join(tmpdir(), 'marid-launcher-')), behaviour);
  }

  get records(): string {
    return join(this.folder, 'launcher');
  }

  async connect(stateFolder = this.folder): Promise<SocketLauncher> {
    const ports = { clock: new SystemClock(), logger: new QuietLogger() };
    const launcher = await connectLauncher({ stateFolder, ...ports, ...this.behaviour });
    this.launchers.add(launcher);
    this.launcherIds.add(launcher.processId);
    return launcher;
  }

  async close(): Promise<void> {
    const last = await this.connect();
    const { held, exits } = await workerOn(last);
    const running = held.filter((each) => each.kind === 'running');
    for (const { attempt } of running) await last.kill({ attempt, graceMs: 0 });
    await eventually('all processes to end', () => exits.length >= running.length);
    for (const { attempt } of held) await last.forget({ attempt });
    await Promise.all([...this.launchers].map((each) => each.close()));
    for (const id of this.launcherIds) await gone(id);
    await rm(this.folder, { recursive: true, maxRetries: 5 });
  }
}

/** Resolves when the process has ended. */
export function gone(processId: number): Promise<boolean> {
  return eventually(`process ${String(processId)} to end`, () => !isAlive(processId));
}

/** A copy of the compiled code without what is installed beside it; the launcher's program in it. */
export function copyVersion(folder: string): string {
  for (const part of ['core', 'infra']) cpSync(resolve('dist', part), join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return join(folder, 'infra/process/launcher/main.js');
}
