/** `marid drain`. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { parseDuration } from '../parse/duration.js';
import { documented } from '../registration.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('drain')
    .argument('<worker...>', 'ids of workers')
    .option('--undo', 'let them take jobs again')
    .addOption(
      new Option('--wait <time>', 'wait until they have no job left, at most so long: 30s, 5m, 2h')
        .argParser(parseDuration)
        .conflicts('undo'),
    );
  documented(command, {
    summary: 'Make workers take no more jobs; the jobs that they hold go on.',
    examples: [
      ['marid drain WORKER', 'before maintenance; `marid workers` shows when no job is left'],
      ['marid drain --wait 30m WORKER', 'ends when no job is left, or with 124 after half an hour'],
      ['marid drain --undo WORKER', 'afterwards'],
    ],
  }).action(async (workers: string[]) => {
    const { drainWorkers } = await import('../actions/fleet.js');
    await drainWorkers(context, command, workers);
  });
}
