/** What `marid submit` does. */
import type { Command } from 'commander';
import { MaridError } from '../../core/errors/marid-error.js';
import type { JobOptions } from '../commands/job-options.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { attachFiles } from '../input/attach-files.js';
import { readJobInput } from '../input/job-request.js';
import { printOne, type OutputFormat } from '../output/print.js';
import { jobPresentation } from '../presentations.js';
import { submitLines } from './submit-lines.js';

/** Submits and prints the job's id, or the job; with `--from`, as many as there are lines. */
export async function submitJob(context: CliContext, command: Command, args: readonly string[]): Promise<void> {
  const options = command.opts<JobOptions & { readonly output: OutputFormat; readonly from?: string }>();
  const { from } = options;
  if (from !== undefined && options.output !== 'name')
    throw new MaridError('INVALID_ARGUMENT', '--from prints ids only: leave out --output.');
  if (from !== undefined) return submitLines(context, command, { ...options, from }, args);
  const { id, request } = await readJobInput(context, options, args);
  await withClient(context, command, async (client) => {
    await attachFiles(context, client, request, { paths: options.attach });
    const job = await client.submit(request, { id });
    await printOne(context, options.output, jobPresentation(context), job);
  });
}
