/** `marid worker cache`: the files that a worker of this machine keeps. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { parseMemoryMb } from '../parse/amounts.js';
import { documented } from '../registration.js';

/** Options of the commands, those of `marid worker` included. */
export interface WorkerCacheOptions {
  readonly stateFolder?: string;
  readonly config?: string;
  readonly output: string;
  /** MiB, of `prune`. */
  readonly keep?: number;
}

/** Adds `cache` to `worker`, whose options it shares. */
export function registerWorkerCache(worker: Command, context: CliContext): void {
  const cache = documented(worker.command('cache'), {
    summary: 'List, verify or prune the files that a worker of this machine keeps for its jobs.',
    details: 'The worker may run meanwhile. The folder is that of --state-folder, or else of the configuration.',
    examples: [['marid worker cache list --state-folder /var/lib/marid', 'what it keeps, last used first']],
  });
  const list = documented(cache.command('list'), {
    summary: 'List the files and the archives that were unpacked from them, the last used first.',
    examples: [['marid worker cache list -o json', 'with versions and hashes']],
  });
  list.action(async () => {
    const { listWorkerCache } = await import('../processes/worker-cache.js');
    await listWorkerCache(context, list.optsWithGlobals());
  });
  const verify = documented(cache.command('verify'), {
    summary: 'Read every file and remove those that are not what was fetched; ends with 1 when there were any.',
    examples: [['marid worker cache verify', 'after a crash of the machine, for example']],
  });
  verify.action(async () => {
    const { verifyWorkerCache } = await import('../processes/worker-cache.js');
    await verifyWorkerCache(context, verify.optsWithGlobals());
  });
  const prune = documented(cache.command('prune'), {
    summary: 'Remove the files that no folder of a job links to, least used first.',
    examples: [['marid worker cache prune --keep 2g', 'until 2 GiB are left']],
  }).addOption(new Option('--keep <amount>', 'how much may stay (default: nothing)').argParser(parseMemoryMb));
  prune.action(async () => {
    const { pruneWorkerCache } = await import('../processes/worker-cache.js');
    await pruneWorkerCache(context, prune.optsWithGlobals());
  });
}
