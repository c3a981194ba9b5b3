/** `marid clone`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { addEditOptions } from './job-options.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = addEditOptions(program.command('clone').argument('<job>', 'id of any job')).addOption(
    outputOption(['name', 'table', 'json', 'yaml']),
  );
  documented(command, {
    summary: 'Submit the request of a job again, with changes, and print the id of the new job.',
    details:
      'Each option replaces what the job had, but `--env`, which adds to it. The new job names the old one as its parent, and has the ' +
      "old one's user unless told otherwise.",
    examples: [
      ['marid clone JOB --memory 8g', 'the same with another memory'],
      ['marid clone JOB --name again --env DAY=2026-02-01 -- --class Other app.jar', 'other arguments'],
    ],
  }).action(async (job: string, args: string[]) => {
    const { cloneJob } = await import('../actions/again.js');
    await cloneJob(context, command, job, args);
  });
}
