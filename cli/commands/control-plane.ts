/** `marid control-plane`. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { addOptions, configOption, outputOption } from './options.js';
import { documented } from '../registration.js';

/** Adds `control-plane`. */
export function register(program: Command, context: CliContext): void {
  const command = documented(program.command('control-plane'), {
    summary: 'Run a control plane: the gRPC API, matching, dispatch and the leader.',
    examples: [
      ['marid control-plane --data-folder /var/lib/marid', 'on 127.0.0.1:7070'],
      ['marid control-plane --config marid.yaml', 'as section controlPlane of the file says'],
    ],
  });
  addOptions(command, [
    new Option('--listen <host:port>', 'address to listen on; port 0 takes a free one (default: 127.0.0.1:7070)'),
    new Option('--data-folder <folder>', 'folder of the embedded engines (default: ./marid-data)'),
    configOption(),
    outputOption(['table', 'json']),
  ]).action(async (options: ControlPlaneOptions) => {
    const { runControlPlane } = await import('../processes/control-plane.js');
    await runControlPlane(context, options);
  });
}

/** Options of `marid control-plane`, as parsed. */
export interface ControlPlaneOptions {
  readonly listen?: string;
  readonly dataFolder?: string;
  readonly config?: string;
  readonly output: string;
}
