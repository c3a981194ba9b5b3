/** `marid submit`. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { addAttachOption, addJobOptions } from './job-options.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const from = new Option(
    '--from <file>',
    "JSON lines, one request in each ('-': standard input); options override all",
  );
  const command = addAttachOption(addJobOptions(program.command('submit')))
    .addOption(from.conflicts(['file', 'id', 'attach']))
    .addOption(outputOption(['name', 'table', 'json', 'yaml']));
  documented(command, {
    summary: 'Submit a job and print its id.',
    details:
      'When it returns, the job is durable and will run. While the server does not answer it is tried again with the same id. A run of `--from` is safe to repeat when its lines have ids (`id`).',
    examples: [
      [
        'marid submit --cluster-tag prod,yarn --command-tag spark -- --class Main app.jar',
        'arguments after `--` are passed exactly',
      ],
      ['marid submit -f job.yaml --memory 2g', 'a request from a file, with another memory'],
      ['marid submit -f job.yaml --attach query.sql', 'a file that goes with the job'],
      ['marid wait $(marid submit -f job.yaml)', 'submit and wait'],
      [
        'marid submit --from jobs.jsonl',
        'a job for each line, whose id is printed; a line that is refused is named and does not end the rest',
      ],
    ],
  }).action(async (args: string[]) => {
    const { submitJob } = await import('../actions/submit.js');
    await submitJob(context, command, args);
  });
}
