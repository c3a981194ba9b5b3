/** `marid stats`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('stats')
    .option('--pool <pool>', 'only this pool')
    .option('--user <user>', 'only this user')
    .addOption(outputOption(['table', 'json']));
  documented(command, {
    summary: 'Show how many jobs each user has in each pool, how many of them wait, and the memory of the others.',
    examples: [['marid stats --pool gpu', 'who uses a pool']],
  }).action(async () => {
    const { showStats } = await import('../actions/fleet.js');
    await showStats(context, command);
  });
}
