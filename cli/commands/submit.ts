/** `marid submit`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { addAttachOption, addJobOptions } from './job-options.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = addAttachOption(addJobOptions(program.command('submit'))).addOption(
    outputOption(['name', 'table', 'json', 'yaml']),
  );
  documented(command, {
    summary: 'Submit a job and print its id.',
    details:
      'When it returns, the job is durable and will run. While the server does not answer it is tried again with the same id.',
    examples: [
      [
        'marid submit --cluster-tag prod,yarn --command-tag spark -- --class Main app.jar',
        'arguments after `--` are passed exactly',
      ],
      ['marid submit -f job.yaml --memory 2g', 'a request from a file, with another memory'],
      ['marid submit -f job.yaml --attach query.sql', 'a file that goes with the job'],
      ['marid wait $(marid submit -f job.yaml)', 'submit and wait'],
    ],
  }).action(async (args: string[]) => {
    const { submitJob } = await import('../actions/submit.js');
    await submitJob(context, command, args);
  });
}
