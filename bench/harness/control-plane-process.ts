/** A control plane as a process of its own, with the embedded engines and without workers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MaridClient } from '../../client/index.js';
import { end, startMarid } from './processes.js';

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
    const { child, address } = await startMarid(args, join(folder, 'control-plane.log'));
    const client = MaridClient.connect({ address });
    return new ControlPlaneProcess(address, String(child.pid), client, async () => {
      await client.close();
      await end(child);
    });
  }

  /** Ends it. */
  stop(): Promise<void> {
    return this.end();
  }
}
