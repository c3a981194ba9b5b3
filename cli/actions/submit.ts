/** What `marid submit` does. */
import type { Command } from 'commander';
import type { JobOptions } from '../commands/job-options.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { attachFiles } from '../input/attach-files.js';
import { readJobInput } from '../input/job-request.js';
import { printOne, type OutputFormat } from '../output/print.js';
import { jobPresentation } from '../presentations.js';

/** Submits and prints the job's id, or the job. */
export async function submitJob(context: CliContext, command: Command, args: readonly string[]): Promise<void> {
  const options = command.opts<JobOptions & { readonly output: OutputFormat }>();
  const { id, request } = await readJobInput(context, options, args);
  await withClient(context, command, async (client) => {
    await attachFiles(context, client, request, { paths: options.attach });
    const job = await client.submit(request, { id });
    await printOne(context, options.output, jobPresentation(context), job);
  });
}
