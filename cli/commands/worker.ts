/** `marid worker`. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { parseMemoryMb } from '../parse/amounts.js';
import { addOptions, configOption, outputOption } from './options.js';
import { documented } from '../registration.js';
import { registerWorkerCache } from './worker-cache.js';

/** Adds `worker`. */
export function register(program: Command, context: CliContext): void {
  const command = documented(program.command('worker'), {
    summary: 'Run a worker: claims jobs up to its memory budget and runs their programs.',
    details:
      'SIGTERM drains it: it claims no more and waits for its jobs for a while. A second one, or the end of that while, leaves them ' +
      'to their launcher, and the next worker on the same state folder takes them back.',
    examples: [
      ['marid worker --control-plane gateway:7070 --memory 16g', 'jobs may reserve 16 GiB in all'],
      ['marid worker --config marid.yaml', 'as section worker of the file says'],
    ],
  });
  addOptions(command, [
    new Option(
      '--control-plane <host:port>',
      'address of the control plane, or of several with commas between them (default: 127.0.0.1:7070)',
    ),
    new Option(
      '--listen <host:port>',
      'address of its own server, which the control plane calls (default: 127.0.0.1:0)',
    ),
    new Option('--state-folder <folder>', 'folder of its identity, launcher and job folders (default: ./marid-worker)'),
    new Option('--pool <name>', 'pool whose jobs it claims (default: default)'),
    new Option('--memory <amount>', "memory that jobs may reserve in all (default: 80 % of the machine's)").argParser(
      parseMemoryMb,
    ),
    configOption(),
    outputOption(['table', 'json']),
  ]).action(async (options: WorkerOptions) => {
    const { runWorker } = await import('../processes/worker.js');
    await runWorker(context, options);
  });
  registerWorkerCache(command, context);
}

/** Options of `marid worker`, as parsed. */
export interface WorkerOptions {
  readonly controlPlane?: string;
  readonly listen?: string;
  readonly stateFolder?: string;
  readonly pool?: string;
  /** MiB. */
  readonly memory?: number;
  readonly config?: string;
  readonly output: string;
}
