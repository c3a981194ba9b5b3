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
    .addOption(new Option('--tail <lines>', 'only the last lines').argParser(wholeNumber(0)))
    .addOption(new Option('--attempt <n>', 'this attempt; default: the latest').argParser(wholeNumber(1)));
  documented(command, {
    summary: "Show a job's output.",
    details: 'The bytes are those that the job wrote.',
    examples: [
      ['marid logs -f JOB', 'follow the standard output to the end of the job'],
      ['marid logs --stderr --tail 20 JOB', 'the last 20 lines of standard error'],
    ],
  }).action(async (job: string) => {
    const { showLogs } = await import('../actions/logs.js');
    await showLogs(context, command, job);
  });
}
