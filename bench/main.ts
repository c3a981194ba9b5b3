/** `npm run bench -- NAME [options]`: every figure that the documents name, to be repeated. Without a name, the list. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { errorText } from '../core/errors/system-error.js';
import type { BenchOptions, Workload } from './harness/workload.js';
import { ROUNDS, runAll } from './workloads/all.js';
import { contendersNamed } from './workloads/contenders.js';
import { FOLLOW } from './workloads/follow.js';
import { GROWTH } from './workloads/growth.js';
import { HEAP } from './workloads/heap.js';
import { JOBS } from './workloads/jobs.js';
import { KILL } from './workloads/kill.js';
import { LISTING } from './workloads/listing.js';
import { MATCHING } from './workloads/matching.js';
import { enginesNamed, OVERVIEW } from './workloads/overview.js';
import { STAGING } from './workloads/staging.js';
import { START } from './workloads/start.js';
import { STORED } from './workloads/stored.js';
import { SUBMIT } from './workloads/submit.js';
import { WORKERS_BY_NUMBER } from './workloads/workers.js';

const WORKLOADS: Readonly<Record<string, Workload>> = {
  overview: OVERVIEW,
  jobs: JOBS,
  submit: SUBMIT,
  start: START,
  matching: MATCHING,
  staging: STAGING,
  heap: HEAP,
  workers: WORKERS_BY_NUMBER,
  kill: KILL,
  listing: LISTING,
  follow: FOLLOW,
  growth: GROWTH,
  stored: STORED,
};

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number above 0.');
  return value;
}

/** The exit code of what a run was ended by: commander has told what is wrong with the arguments, and throws after a help text as well. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  console.error(`bench: ${errorText(error)}`);
  return 1;
}

const program = new Command('bench')
  .description('Measures Marid, as ratios to named references in the same run.')
  .exitOverride()
  .configureOutput({
    outputError: (text, write) => {
      write(text.replace(/^error: /, 'bench: '));
    },
  });
for (const [name, { summary, run }] of Object.entries(WORKLOADS)) {
  program
    .command(name)
    .description(summary)
    .option('--jobs <n>', 'jobs of a round, or calls', positive)
    .option('--rounds <n>', 'rounds of each contender', positive)
    .option('--workers <n>', 'idle workers (growth)', positive)
    .option('--contenders <list>', 'names with semicolons between', contendersNamed)
    .option(
      '--engines <list>',
      'kafka, redis, s3, mongo with commas, or native for all (overview; default: embedded)',
      enginesNamed,
    )
    .option('--mongo-url <url>', 'a MongoDB to list from as well, in a database of its own that is dropped (listing)')
    .action((options: BenchOptions) => run(options));
}
program
  .command('all')
  .description('all of these with smaller sizes, one after the other: about 40 minutes on a quiet machine')
  .option('--rounds <n>', `rounds of each contender (default: ${String(ROUNDS)})`, positive)
  .action(async (options: BenchOptions) => {
    if ((await runAll(options)).length > 0) process.exitCode = 1;
  });
try {
  await program.parseAsync();
} catch (error) {
  // At once: a workload that failed may have left servers and timers.
  process.exit(exitCodeOf(error));
}
