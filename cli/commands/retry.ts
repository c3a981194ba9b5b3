/** `marid retry`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('retry')
    .argument('<job>', 'id of a job that failed or was killed')
    .option('--id <id>', 'id of the new job, which makes a repeated call harmless; default: a new one')
    .addOption(outputOption(['name', 'table', 'json', 'yaml']));
  documented(command, {
    summary: 'Submit a job that failed or was killed again, as a new job, and print its id.',
    details:
      'The request is the same and is matched anew; the new job names the old one as its parent. A job that has ended never changes. ' +
      'For other jobs, or with changes: `marid clone`.',
    examples: [
      ['marid retry JOB', 'once more'],
      ['marid wait $(marid retry JOB)', 'and wait for it'],
    ],
  }).action(async (job: string) => {
    const { retryJob } = await import('../actions/again.js');
    await retryJob(context, command, job);
  });
}
