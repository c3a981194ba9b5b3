/** `marid workers`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('workers')

    .option('--pool <pool>', 'only this pool')
    .addOption(outputOption());
  documented(command, {
    summary: 'List the workers: what they do, and what room they have.',
    examples: [['marid workers --pool gpu', 'one pool']],
  }).action(async () => {
    const { listWorkers } = await import('../actions/fleet.js');
    await listWorkers(context, command);
  });
  const release = command.command('release').argument('<pool>', 'pool of the workers');
  documented(release, {
    summary: 'Give up the silent workers of a pool, although they are too many to do so by itself.',
    examples: [['marid workers release gpu', 'their jobs are tried again, or fail']],
  }).action(async (pool: string) => {
    const { releaseWorkers } = await import('../actions/fleet.js');
    await releaseWorkers(context, release, pool);
  });
}
