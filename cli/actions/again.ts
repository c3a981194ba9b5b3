/** What `marid retry` and `marid clone` do. */
import type { Command } from 'commander';
import type { JobOptions } from '../commands/job-options.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { editRequest } from '../input/job-request.js';
import { printOne, type OutputFormat } from '../output/print.js';
import { jobPresentation } from '../presentations.js';

/** Submits a job that failed again and prints the new job. */
export async function retryJob(context: CliContext, command: Command, jobId: string): Promise<void> {
  const { id, output } = command.opts<{ readonly id?: string; readonly output: OutputFormat }>();
  await withClient(context, command, async (client) => {
    await printOne(context, output, jobPresentation(context), await client.retryJob(jobId, { id }));
  });
}

/** Submits a job again with changes and prints the new job. */
export async function cloneJob(
  context: CliContext,
  command: Command,
  jobId: string,
  args: readonly string[],
): Promise<void> {
  const options = command.opts<JobOptions & { readonly output: OutputFormat }>();
  await withClient(context, command, async (client) => {
    const job = await client.cloneJob(jobId, (request) => editRequest(request, options, args), { id: options.id });
    await printOne(context, options.output, jobPresentation(context), job);
  });
}
