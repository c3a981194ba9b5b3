/** What `marid explain` does. */
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { ExplainJobResponseSchema } from '../../proto/gen/marid/v1/job_service_pb.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { paintStatus, paletteFor } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { printJson, printYaml } from '../output/print.js';

/** Prints the summary, then a line for each detail. */
export async function explainJob(context: CliContext, command: Command, jobId: string): Promise<void> {
  const { output } = command.opts<{ readonly output: 'table' | 'json' | 'yaml' }>();
  const answer = await withClient(context, command, (client) => client.explain(jobId));
  if (output === 'json') return printJson(context, toJson(ExplainJobResponseSchema, answer));
  if (output === 'yaml') return printYaml(context, toJson(ExplainJobResponseSchema, answer));
  const status = paintStatus(paletteFor(context, context.stdout), JobStatus[answer.status]);
  const details = answer.details.map((detail) => `  - ${escapeText(detail)}\n`);
  await context.stdout.write(`${status}: ${escapeText(answer.summary)}\n${details.join('')}`);
}
