/** `marid drain`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('drain')
    .argument('<worker...>', 'ids of workers')
    .option('--undo', 'let them take jobs again');
  documented(command, {
    summary: 'Make workers take no more jobs; the jobs that they hold go on.',
    examples: [
      ['marid drain WORKER', 'before maintenance; `marid workers` shows when no job is left'],
      ['marid drain --undo WORKER', 'afterwards'],
    ],
  }).action(async (workers: string[]) => {
    const { drainWorkers } = await import('../actions/fleet.js');
    await drainWorkers(context, command, workers);
  });
}
