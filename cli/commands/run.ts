/** `marid run`. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { addAttachOption, addJobOptions } from './job-options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = addAttachOption(addJobOptions(program.command('run')))
    .addOption(
      new Option('--local', 'run the program in this terminal instead of on a worker').conflicts([
        'pool',
        'maxAttempts',
        'timestamps',
      ]),
    )
    .addOption(new Option('--archive', 'with --local: archive what is left in the job directory'));
  documented(command, {
    summary: 'Run a job as if it were here: submit it, show its output, end with its exit code.',
    details:
      'Its standard output and standard error go to ours. A signal n that ended it is exit code 128 + n; 7 and 8 say that it failed or was killed ' +
      'without an exit code. Ctrl-C kills the job; a second Ctrl-C leaves at once (exit code 130).\n' +
      'With --local the job is matched and recorded as any other, but its files are brought here and its program gets this terminal: what is typed, Ctrl-C and the ' +
      'size of the window are its own. It runs where this command was typed; GENIE_JOB_DIR names the folder with its files, which goes with the end of the command. Its ' +
      'output is not kept; --archive keeps what is left in that folder. It ends when this command does, or has not reached the control plane for most of a lease. The section ' +
      '`worker` of MARID_CONFIG and the variables MARID_WORKER_... say how files are fetched, which secrets there are, and what limits hold.',
    examples: [
      ['marid run --cluster-tag prod --command-tag trino -- --execute "select 1"', 'run a query'],
      ['marid run --local --cluster-tag prod --command-tag spark-shell', 'a shell on whatever cluster is tagged so'],
      ['marid run -f job.yaml --env DAY=2026-01-31 > out.csv', 'only the output of the job is in the file'],
    ],
  }).action(async (args: string[]) => {
    if (command.opts<{ readonly local?: boolean }>().local === true) {
      const { runLocally } = await import('../actions/run-locally.js');
      return runLocally(context, command, args);
    }
    const { runJob } = await import('../actions/run.js');
    await runJob(context, command, args);
  });
}
