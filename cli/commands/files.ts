/** `marid files`. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { wholeNumber } from '../parse/amounts.js';
import { documented } from '../registration.js';
import { outputOption } from './options.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('files')
    .argument('<job>', 'id of the job')
    .argument('[path]', "folder of the job's directory to list, or the file for --cat and --download")
    .addOption(new Option('--cat', 'write the file to standard output').conflicts('download'))
    .option('--download <file>', 'write the file to this new local file')
    .addOption(new Option('--attempt <n>', 'this attempt; default: the latest').argParser(wholeNumber(1)))
    .addOption(outputOption());
  documented(command, {
    summary: "List the files of a job's directory, or read one.",
    examples: [
      ['marid files JOB', 'everything'],
      ['marid files JOB genie', 'what is below the folder genie'],
      ['marid files JOB run --cat', "the job's script"],
      ['marid files JOB result.parquet --download result.parquet', 'fetch a result'],
    ],
  }).action(async (job: string, path: string | undefined) => {
    const { showFiles } = await import('../actions/files.js');
    await showFiles(context, command, job, path);
  });
}
