/** `marid dev`. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { parseMemoryMb } from '../parse/amounts.js';
import { addOptions, configOption, outputOption } from './options.js';
import { documented } from '../registration.js';

/** Adds `dev`. */
export function register(program: Command, context: CliContext): void {
  const command = documented(program.command('dev'), {
    summary: 'Run everything in one process: control plane, worker and embedded engines.',
    details:
      'Nothing else has to be installed. The data is kept in one folder, so jobs and registry are there at the next start. ' +
      'Ctrl-C stops it; jobs that still run go on for a while under their launcher, and the next `marid dev` on the folder takes them back.',
    examples: [
      ['marid dev', 'on 127.0.0.1:7070, data in ./marid-data'],
      ['marid dev --listen 127.0.0.1:0 --memory 4g', 'on a free port, jobs may reserve 4 GiB in all'],
    ],
  });
  addOptions(command, [
    new Option('--listen <host:port>', 'address to listen on; port 0 takes a free one (default: 127.0.0.1:7070)'),
    new Option('--data-folder <folder>', 'folder of everything that is kept (default: ./marid-data)'),
    new Option('--memory <amount>', "memory that jobs may reserve in all (default: 80 % of the machine's)").argParser(
      parseMemoryMb,
    ),
    configOption(),
    outputOption(['table', 'json']),
  ]).action(async (options: DevOptions) => {
    const { runDev } = await import('../processes/dev.js');
    await runDev(context, options);
  });
}

/** Options of `marid dev`, as parsed. */
export interface DevOptions {
  readonly listen?: string;
  readonly dataFolder?: string;
  /** MiB. */
  readonly memory?: number;
  readonly config?: string;
  readonly output: string;
}
