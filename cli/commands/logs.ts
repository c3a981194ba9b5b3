/** `marid logs`. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { wholeNumber } from '../parse/amounts.js';
import { documented } from '../registration.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('logs')
    .argument('<job>', 'id of the job')
    .option('-f, --follow', 'go on until the job has ended; a job that waits is waited for')
    .option('--stderr', 'standard error instead of standard output')
    .option('--timestamps', 'both streams by lines with their times, for a job submitted with --timestamps')
    .addOption(new Option('--tail <lines>', 'only the last lines').argParser(wholeNumber(0)))
    .addOption(new Option('--attempt <n>', 'this attempt; default: the latest').argParser(wholeNumber(1)));
  documented(command, {
    summary: "Show a job's output.",
    details:
      'The bytes are those that the job wrote. With --timestamps, each line begins with the time when its end was written, and with out or err; with --stderr, there are only the latter. ' +
      'The worker records these times, for jobs that ask for it when they are submitted, so they are the same whenever they are read. They are true to a few milliseconds, ' +
      'and so is the order of the two streams; lines that were written without a pause, or while the worker was away, have the time of the last of them.',
    examples: [
      ['marid logs -f JOB', 'follow the standard output to the end of the job'],
      ['marid logs --stderr --tail 20 JOB', 'the last 20 lines of standard error'],
      ['marid logs -f --timestamps JOB', 'both streams as they are written, with times'],
    ],
  }).action(async (job: string) => {
    const { showLogs } = await import('../actions/logs.js');
    await showLogs(context, command, job);
  });
}
