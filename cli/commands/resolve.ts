/** `marid resolve`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { addJobOptions } from './job-options.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = addJobOptions(program.command('resolve')).addOption(outputOption(['table', 'json', 'yaml']));
  documented(command, {
    summary: 'Show what a submit with the same options would run on, and why the rest does not match.',
    details: 'Runs nothing. Exit code 5 when nothing matches.',
    examples: [['marid resolve --cluster-tag prod --command-tag spark', 'a dry run']],
  }).action(async (args: string[]) => {
    const { resolveJob } = await import('../actions/resolve.js');
    await resolveJob(context, command, args);
  });
}
