/** `marid kill`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('kill')
    .argument('<job...>', 'ids of jobs')
    .option('--reason <text>', "why, kept in the job's story")
    .option('--user <user>', 'who asks; default: the user of the operating system');
  documented(command, {
    summary: 'Ask for the end of jobs; those that have ended stay as they are.',
    details:
      'A job that waits is killed at once. The program of a running one gets SIGTERM, then after a grace SIGKILL; `marid wait` waits for that.',
    examples: [
      ['marid kill JOB --reason "wrong day"', 'one job'],
      ['marid get jobs --user me --status RUNNING -o name | xargs marid kill', 'all of mine'],
    ],
  }).action(async (jobs: string[]) => {
    const { killJobs } = await import('../actions/kill.js');
    await killJobs(context, command, jobs);
  });
}
