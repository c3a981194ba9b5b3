/** `marid leader`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program.command('leader').addOption(outputOption(['table', 'json', 'yaml']));
  documented(command, {
    summary: "Show who leads, and the last run of each of the leader's tasks.",
    examples: [['marid leader', 'all tasks']],
  }).action(async () => {
    const { showLeader } = await import('../actions/fleet.js');
    await showLeader(context, command);
  });
}
