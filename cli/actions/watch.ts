/** What `marid watch` does. */
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { WatchJobsResponseSchema, type WatchJobsResponse } from '../../proto/gen/marid/v1/job_service_pb.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { paintStatus, paletteFor, type Palette } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { printJsonLine } from '../output/print.js';
import { formatTime } from '../output/times.js';

interface WatchOptions {
  readonly all?: boolean;
  readonly resume?: string;
  readonly output: 'table' | 'jsonl';
}

/** Prints each transition as a line. */
export async function watchJobs(context: CliContext, command: Command, jobId: string | undefined): Promise<void> {
  const { all, resume, output } = command.opts<WatchOptions>();
  if ((jobId === undefined) !== (all === true)) command.error('error: name one job, or --all');
  const palette = paletteFor(context, context.stdout);
  await withClient(context, command, async (client) => {
    const options = { resumeToken: resume };
    const items = jobId === undefined ? client.watchAll(options) : client.watch(jobId, options);
    for await (const item of items) {
      if (output === 'jsonl') await printJsonLine(context, toJson(WatchJobsResponseSchema, item));
      else await context.stdout.write(formatTransition(item, palette));
    }
  });
}

function formatTransition({ jobId, transition }: WatchJobsResponse, palette: Palette): string {
  if (transition === undefined) return '';
  const status = paintStatus(palette, JobStatus[transition.to].padEnd(9));
  const attempt = transition.attempt === 0 ? '' : ` (attempt ${transition.attempt})`;
  const told = `${transition.reason} ${transition.message}`.trim();
  return `${formatTime(transition.time)}  ${escapeText(jobId)}  ${status}  ${escapeText(told)}${attempt}\n`;
}
