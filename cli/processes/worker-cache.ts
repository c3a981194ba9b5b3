/** What `marid worker cache` does. */
import { listCache, pruneCache, verifyCache, type CachedFile } from '../../workers/gateway/main.js';
import type { WorkerCacheOptions } from '../commands/worker-cache.js';
import { exitWith, type CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { printJson } from '../output/print.js';
import { formatTable, type Column } from '../output/table.js';
import { formatLength } from '../output/times.js';
import { loadConfiguration } from './configuration.js';

const MIB = 1024 * 1024;

/** Lists the files. */
export async function listWorkerCache(context: CliContext, options: WorkerCacheOptions): Promise<void> {
  await print(context, options, await listCache(await stateFolderOf(context, options)));
}

/** Verifies the files, and prints those that were removed. */
export async function verifyWorkerCache(context: CliContext, options: WorkerCacheOptions): Promise<void> {
  const { good, removed } = await verifyCache(await stateFolderOf(context, options));
  if (removed.length > 0) await print(context, options, removed);
  await context.stderr.write(`${good} good, ${removed.length} removed\n`);
  exitWith(removed.length === 0 ? EXIT.ok : EXIT.error);
}

/** Removes files, and prints them. */
export async function pruneWorkerCache(context: CliContext, options: WorkerCacheOptions): Promise<void> {
  const removed = await pruneCache(await stateFolderOf(context, options), (options.keep ?? 0) * MIB);
  if (removed.length > 0) await print(context, options, removed);
  const bytes = removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await context.stderr.write(`${removed.length} removed, ${sizeText(bytes)}\n`);
}

async function stateFolderOf(context: CliContext, options: WorkerCacheOptions): Promise<string> {
  const flags = { 'worker.stateFolder': options.stateFolder };
  return (await loadConfiguration(context, options.config, flags)).sections.worker.stateFolder;
}

async function print(context: CliContext, { output }: WorkerCacheOptions, files: readonly CachedFile[]): Promise<void> {
  if (output === 'json')
    return printJson(
      context,
      files.map((file) => ({ ...file })),
    );
  const now = context.clock.now();
  const columns: readonly Column<CachedFile>[] = [
    { title: 'URI', value: ({ uri }) => uri },
    { title: 'SIZE', value: ({ sizeBytes }) => sizeText(sizeBytes) },
    { title: 'USED', value: ({ usedAt }) => `${formatLength(now - usedAt)} ago` },
    { title: 'KIND', value: ({ unpacked }) => (unpacked ? 'unpacked' : 'file') },
    { title: 'LINKED', value: ({ linked }) => (linked ? 'yes' : 'no') },
  ];
  return context.stdout.write(formatTable(columns, files));
}

function sizeText(bytes: number): string {
  return bytes < MIB ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`;
}
