/** `marid wait`. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { parseDuration } from '../parse/duration.js';
import { documented } from '../registration.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('wait')
    .argument('<job...>', 'ids of jobs')
    .addOption(
      new Option('--timeout <time>', 'longest time to wait: 30s, 5m, 2h; default: for ever').argParser(parseDuration),
    )
    .addOption(outputOption(['table', 'jsonl', 'name']));
  documented(command, {
    summary: 'Wait until jobs have ended; a line for each as it ends.',
    details:
      'Exit code 0 when all succeeded, 7 when one failed, 8 when one was killed and none failed, 124 when the time was over first.',
    examples: [
      ['marid wait JOB', 'wait for ever'],
      ['marid wait --timeout 10m JOB1 JOB2', 'for both, at most ten minutes'],
    ],
  }).action(async (jobs: string[]) => {
    const { waitForJobs } = await import('../actions/wait.js');
    await waitForJobs(context, command, jobs);
  });
}
