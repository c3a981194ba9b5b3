/** Starting programs with Node: a copy of the launcher's page tables for each, which costs the more the larger it is. */
import { spawn } from 'node:child_process';
import type { ExitStatus, Program, RunningChild, Spawner } from './spawner.js';
import { MARK_VARIABLE } from './survey.js';

/** Works on every machine. */
export class NodeSpawner implements Spawner {
  readonly name = 'spawn';

  async spawn({ path, parameters, directory, environment, mark, output }: Program): Promise<RunningChild> {
    const child = spawn(path, parameters, {
      cwd: directory,
      env: { ...environment, [MARK_VARIABLE]: mark },
      detached: true,
      stdio: ['ignore', ...output],
    });
    if (child.pid === undefined) throw await new Promise<Error>((resolve) => child.once('error', resolve));
    const exited = new Promise<ExitStatus>((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    });
    return { processId: child.pid, startTicks: null, exited };
  }
}
