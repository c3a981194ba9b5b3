/** `marid watch`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { streamOutputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('watch')
    .argument('[job]', 'id of the job')
    .option('--all', 'all jobs, from now on and without end')
    .option('--resume <token>', 'go on behind the line with this resumeToken')
    .addOption(streamOutputOption());
  documented(command, {
    summary: 'Print transitions of a job, or of all, as they happen; a broken connection leaves no gap.',
    examples: [
      ['marid watch JOB', 'from the first transition of the job to its last'],
      ['marid watch --all -o jsonl | jq -r .jobId', 'everything that happens, for programs'],
    ],
  }).action(async (job: string | undefined) => {
    const { watchJobs } = await import('../actions/watch.js');
    await watchJobs(context, command, job);
  });
}
