/** What `marid wait` does. */
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import type { MaridClient } from '../../client/marid-client.js';
import { isMaridError } from '../../core/errors/marid-error.js';
import { JobSchema, JobStatus, type Job } from '../../proto/gen/marid/v1/job_pb.js';
import { withClient } from '../connect.js';
import { exitWith, type CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { paintStatus, paletteFor } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { printJsonLine } from '../output/print.js';

interface WaitOptions {
  readonly timeout?: number;
  readonly output: 'table' | 'jsonl' | 'name';
}

/** Waits for all jobs and ends with the code of the worst. */
export async function waitForJobs(context: CliContext, command: Command, jobIds: readonly string[]): Promise<void> {
  const options = command.opts<WaitOptions>();
  const codes = await withClient(context, command, (client) =>
    Promise.all(jobIds.map((jobId) => waitForOne(context, client, jobId, options))),
  );
  const worst = [EXIT.timedOut, EXIT.jobFailed, EXIT.jobKilled].find((code) => codes.includes(code));
  exitWith(worst ?? EXIT.ok);
}

async function waitForOne(
  context: CliContext,
  client: MaridClient,
  jobId: string,
  options: WaitOptions,
): Promise<number> {
  const startedAt = context.clock.monotonic();
  try {
    const job = await client.wait(jobId, { timeoutMs: options.timeout });
    await report(context, job, options);
    return exitCodeOf(job.status);
  } catch (error) {
    const waitedMs = context.clock.monotonic() - startedAt;
    const timedOut =
      isMaridError(error) && error.code === 'DEADLINE_EXCEEDED' && waitedMs >= (options.timeout ?? Infinity);
    if (!timedOut) throw error;
    await context.stderr.write(`marid: ${escapeText(error.message)}\n`);
    return EXIT.timedOut;
  }
}

async function report(context: CliContext, job: Job, options: WaitOptions): Promise<void> {
  if (options.output === 'jsonl') return printJsonLine(context, toJson(JobSchema, job));
  const id = escapeText(job.id);
  if (options.output === 'name') return context.stdout.write(`${id}\n`);
  const status = paintStatus(paletteFor(context, context.stdout), JobStatus[job.status]);
  await context.stdout.write(`${id}  ${status}  ${escapeText(job.message)}`.trimEnd() + '\n');
}

function exitCodeOf(status: JobStatus): number {
  if (status === JobStatus.SUCCEEDED) return EXIT.ok;
  return status === JobStatus.KILLED ? EXIT.jobKilled : EXIT.jobFailed;
}
