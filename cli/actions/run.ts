/** What `marid run` does. */
import { constants } from 'node:os';
import type { Command } from 'commander';
import { errorText } from '../../core/errors/system-error.js';
import type { MaridClient } from '../../client/marid-client.js';
import { isMaridError } from '../../core/errors/marid-error.js';
import { JobStatus, type Job } from '../../proto/gen/marid/v1/job_pb.js';
import type { JobOptions } from '../commands/job-options.js';
import { withClient } from '../connect.js';
import { exitWith, type CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { attachFiles } from '../input/attach-files.js';
import { readJobInput } from '../input/job-request.js';
import { escapeText } from '../output/escape.js';

/** Submits, follows both streams, and ends with the job's own exit code. */
export async function runJob(context: CliContext, command: Command, args: readonly string[]): Promise<void> {
  const options = command.opts<JobOptions>();
  const { id, request } = await readJobInput(context, options, args);
  const exitCode = await withClient(context, command, async (client) => {
    const interruption = new Interruption(context, client);
    try {
      const { leave: signal } = interruption;
      await attachFiles(context, client, request, { paths: options.attach, signal });
      const job = await client.submit(request, { id, signal });
      if (context.stderr.isTerminal) await context.stderr.write(`marid: job ${escapeText(job.id)}\n`);
      interruption.submitted(job.id);
      return await attend(context, client, job.id, interruption);
    } catch (error) {
      if (!interruption.leave.aborted) throw error;
      return EXIT.interrupted;
    } finally {
      interruption.end();
    }
  });
  exitWith(exitCode);
}

/**
 * Ctrl-C of `run`. Nothing pressed -> (first) the job is asked to end, as soon as its id is known -> (second) `leave` is aborted.
 */
class Interruption {
  private readonly leaving = new AbortController();
  private readonly stopListening: () => void;
  private jobId: string | null = null;
  private pressed = false;

  constructor(
    private readonly context: CliContext,
    private readonly client: MaridClient,
  ) {
    this.stopListening = context.onInterrupt(() => {
      this.press();
    });
  }

  /** Aborts when we are to leave at once. */
  get leave(): AbortSignal {
    return this.leaving.signal;
  }

  /** Whether the job was asked to end. */
  get asked(): boolean {
    return this.pressed;
  }

  submitted(jobId: string): void {
    this.jobId = jobId;
    if (this.pressed) void this.kill(jobId);
  }

  end(): void {
    this.stopListening();
  }

  private press(): void {
    if (this.pressed) {
      this.leaving.abort();
      return;
    }
    this.pressed = true;
    if (this.jobId !== null) void this.kill(this.jobId);
  }

  private async kill(jobId: string): Promise<void> {
    try {
      await this.context.stderr.write(`marid: killing job ${escapeText(jobId)}; Ctrl-C again leaves it\n`);
      await this.client.kill(jobId, { reason: 'interrupted', user: this.context.userName(), signal: this.leave });
    } catch (error) {
      await this.context.stderr.write(`marid: cannot kill job ${escapeText(jobId)}: ${escapeText(errorText(error))}\n`);
    }
  }
}

async function attend(
  context: CliContext,
  client: MaridClient,
  jobId: string,
  interruption: Interruption,
): Promise<number> {
  const signal = interruption.leave;
  const [job] = await Promise.all([
    client.wait(jobId, { signal }),
    copyOutput(context, client, jobId, 'stdout', signal),
    copyOutput(context, client, jobId, 'stderr', signal),
  ]);
  if (job.status !== JobStatus.SUCCEEDED && job.reason !== 'EXIT_CODE') {
    const text = `job ${job.id} ${JobStatus[job.status]}: ${job.message}`;
    await context.stderr.write(`marid: ${escapeText(text)}\n`);
  }
  return interruption.asked && job.status === JobStatus.KILLED ? EXIT.interrupted : exitCodeOfJob(job);
}

/** Output that cannot be had is a pity, but the job's end is still waited for. */
async function copyOutput(
  context: CliContext,
  client: MaridClient,
  jobId: string,
  stream: 'stdout' | 'stderr',
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const bytes of client.follow(jobId, stream, { signal })) await context[stream].write(bytes);
  } catch (error) {
    if (signal.aborted || !isMaridError(error)) throw error;
    if (error.code === 'NO_OUTPUT' || error.code === 'NOT_FOUND') return;
    await context.stderr.write(`marid: the job's ${stream} is incomplete: ${escapeText(error.message)}\n`);
  }
}

/** The exit code of the job's program, else 128 + its signal, else what its status means. */
export function exitCodeOfJob(job: Job): number {
  const { exitCode, signal } = job.result ?? {};
  if (job.status === JobStatus.SUCCEEDED) return EXIT.ok;
  if (exitCode !== undefined && exitCode !== 0) return exitCode;
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  if (number !== undefined) return 128 + number;
  return job.status === JobStatus.KILLED ? EXIT.jobKilled : EXIT.jobFailed;
}
