/** What `marid resolve` does. */
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import type { ResourceReference } from '../../proto/gen/marid/v1/job_pb.js';
import { ResolveJobResponseSchema, type ResolveJobResponse } from '../../proto/gen/marid/v1/job_service_pb.js';
import type { JobOptions } from '../commands/job-options.js';
import { withClient } from '../connect.js';
import { exitWith, type CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { readJobInput } from '../input/job-request.js';
import { printJson, printYaml } from '../output/print.js';
import { formatPairs, formatTable } from '../output/table.js';

/** Shows the outcome of a dry run. */
export async function resolveJob(context: CliContext, command: Command, args: readonly string[]): Promise<void> {
  const options = command.opts<JobOptions & { readonly output: 'table' | 'json' | 'yaml' }>();
  const { request } = await readJobInput(context, options, args);
  const answer = await withClient(context, command, (client) => client.resolve(request));
  if (options.output === 'json') await printJson(context, toJson(ResolveJobResponseSchema, answer));
  else if (options.output === 'yaml') await printYaml(context, toJson(ResolveJobResponseSchema, answer));
  else await context.stdout.write(formatAnswer(answer));
  exitWith(answer.matched ? EXIT.ok : EXIT.conflict);
}

function formatAnswer(answer: ResolveJobResponse): string {
  const chosen = formatPairs([
    ['Matched', answer.matched ? 'yes' : 'no'],
    ['Command', nameOf(answer.command)],
    ['Cluster', nameOf(answer.cluster)],
    ['Applications', answer.applications.map(nameOf).join(', ')],
    ['Memory', answer.matched ? `${answer.memoryMb} MiB` : ''],
  ]);
  if (answer.commands.length === 0) return `${chosen}The registry has no commands.\n`;
  const table = formatTable(
    [
      { title: 'COMMAND', value: (match) => nameOf(match.command) },
      { title: 'MATCHED', value: (match) => (match.matched ? 'yes' : 'no') },
      { title: 'CLUSTERS', value: (match) => match.clusters.map(({ id }) => id).join(',') },
      { title: 'WHY NOT', value: (match) => match.reasons.join(' ') },
    ],
    answer.commands,
  );
  return `${chosen}\n${table}`;
}

function nameOf(reference: ResourceReference | undefined): string {
  if (reference === undefined) return '';
  return reference.name === '' || reference.name === reference.id
    ? reference.id
    : `${reference.id} (${reference.name})`;
}
