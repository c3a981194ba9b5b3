/** A control plane as a process of its own, with the embedded engines and without workers. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MaridClient } from '../../client/index.js';

const MARID = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** A control plane that runs. */
export class ControlPlaneProcess {
  private constructor(
    readonly address: string,
    readonly pid: string,
    readonly client: MaridClient,
    private readonly end: () => Promise<void>,
  ) {}

  /** Starts one on a data folder, with these pools. */
  static async start(folder: string, pools: readonly string[] = ['default']): Promise<ControlPlaneProcess> {
    const config = join(folder, 'marid.yaml');
    await writeFile(config, `controlPlane:\n  pools: [${pools.join(', ')}]\n`);
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
    return new ControlPlaneProcess(address, String(child.pid), client, async () => {
      await client.close();
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('close', resolve));
    });
  }

  /** Ends it. */
  stop(): Promise<void> {
    return this.end();
  }
}
