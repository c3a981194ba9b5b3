/** `marid explain`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('explain')
    .argument('<job>', 'id of the job')
    .addOption(outputOption(['table', 'json', 'yaml']));
  documented(command, {
    summary: 'Say why a job is where it is: what matched, what happened, what it waits for.',
    examples: [['marid explain JOB', 'in sentences']],
  }).action(async (job: string) => {
    const { explainJob } = await import('../actions/explain.js');
    await explainJob(context, command, job);
  });
}
