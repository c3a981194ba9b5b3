/** `marid run`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { addAttachOption, addJobOptions } from './job-options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = addAttachOption(addJobOptions(program.command('run')));
  documented(command, {
    summary: 'Run a job as if it were here: submit it, show its output, end with its exit code.',
    details:
      'Its standard output and standard error go to ours. A signal n that ended it is exit code 128 + n; 7 and 8 say that it failed or was killed ' +
      'without an exit code. Ctrl-C kills the job; a second Ctrl-C leaves at once (exit code 130).',
    examples: [
      ['marid run --cluster-tag prod --command-tag trino -- --execute "select 1"', 'run a query'],
      ['marid run -f job.yaml --env DAY=2026-01-31 > out.csv', 'only the output of the job is in the file'],
    ],
  }).action(async (args: string[]) => {
    const { runJob } = await import('../actions/run.js');
    await runJob(context, command, args);
  });
}
