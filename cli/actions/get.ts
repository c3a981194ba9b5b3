/** What `marid get` does. */
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import type { MaridClient } from '../../client/marid-client.js';
import { allPages } from '../../client/pages.js';
import { MaridError } from '../../core/errors/marid-error.js';
import { nearest } from '../../infra/runtime/nearest.js';
import { WorkerState, WorkerStateSchema, type Worker } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { JobStatusSchema } from '../../proto/gen/marid/v1/job_pb.js';
import type { GetOptions } from '../commands/get.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { decodeEntry, kindOf, type RegistryKind } from '../kinds.js';
import { printList, printOne, type Presentation } from '../output/print.js';
import { entryColumns, jobPresentation, workerPresentation } from '../presentations.js';
import type { KindWord } from '../words.js';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';

const ENTRY_FILTERS = ['tag', 'status', 'user', 'name'];
const FILTERS: Readonly<Record<KindWord, readonly string[]>> = {
  application: ENTRY_FILTERS,
  command: ENTRY_FILTERS,
  cluster: ENTRY_FILTERS,
  job: [...ENTRY_FILTERS, 'cluster', 'command', 'grouping', 'groupingInstance', 'since', 'until'],
  worker: ['status', 'pool'],
};
const ALL_FILTERS = [...new Set(Object.values(FILTERS).flat())];

/** What to do for one call of `get`. */
interface Getting {
  readonly context: CliContext;
  readonly client: MaridClient;
  readonly command: Command;
  readonly options: GetOptions;
  readonly id: string | undefined;
}

/** Lists, or shows one. */
export async function getThings(
  context: CliContext,
  command: Command,
  word: KindWord,
  id: string | undefined,
): Promise<void> {
  const options = command.opts<GetOptions>();
  refuseFilters(command, word, id);
  await withClient(context, command, (client) => {
    const getting = { context, client, command, options, id };
    if (word === 'job') return getJobs(getting);
    if (word === 'worker') return getWorkers(getting);
    return getEntries(getting, kindOf(word));
  });
}

/** Filters that would have no effect are mistakes. */
function refuseFilters(command: Command, word: KindWord, id: string | undefined): void {
  const known = id === undefined ? FILTERS[word] : [];
  const given = ALL_FILTERS.filter((name) => command.getOptionValue(name) !== undefined);
  const [wrong] = given.filter((name) => !known.includes(name));
  const option = command.options.find((each) => each.attributeName() === wrong)?.long;
  if (wrong === undefined) return;
  command.error(`error: ${option ?? wrong} does not go with ${id === undefined ? `${word}s` : 'an id'}`);
}

async function getJobs({ context, client, command, options, id }: Getting): Promise<void> {
  const presentation = jobPresentation(context);
  if (id !== undefined) return printOne(context, options.output, presentation, await client.get(id));
  const statuses = knownStatuses(
    command,
    options.status,
    JobStatusSchema.values.map(({ localName }) => localName),
  );
  const filter = {
    statuses: JobStatusSchema.values
      .filter(({ localName }) => statuses.includes(localName))
      .map(({ number }) => number),
    user: options.user ?? '',
    name: options.name ?? '',
    tags: [...(options.tag ?? [])],
    cluster: options.cluster ?? '',
    command: options.command ?? '',
    grouping: options.grouping ?? '',
    groupingInstance: options.groupingInstance ?? '',
    ...(options.since === undefined ? {} : { createdFrom: timestampFromMs(options.since) }),
    ...(options.until === undefined ? {} : { createdBefore: timestampFromMs(options.until) }),
  };
  await printLimited(context, options, presentation, client.list(filter, { limit: fetchLimit(options) }));
}

async function getWorkers({ context, client, command, options, id }: Getting): Promise<void> {
  const presentation = workerPresentation(context);
  if (id !== undefined) return printOne(context, options.output, presentation, await getWorker(client, id));
  const states = knownStatuses(
    command,
    options.status,
    WorkerStateSchema.values.map(({ localName }) => localName),
  );
  const { workers } = await client.fleet.listWorkers({ pool: options.pool ?? '' });
  const wanted = workers.filter(({ state }) => states.length === 0 || states.includes(WorkerState[state]));
  await printList(context, options.output, presentation, wanted);
}

/** One worker. NOT_FOUND when there is none with the id. */
export async function getWorker(client: MaridClient, id: string): Promise<Worker> {
  const { workers } = await client.fleet.listWorkers({});
  const worker = workers.find((each) => each.id === id);
  if (worker !== undefined) return worker;
  const hint = nearest(
    id,
    workers.map((each) => each.id),
  );
  throw new MaridError('NOT_FOUND', `There is no worker ${id}${hint}`);
}

async function getEntries({ context, client, command, options, id }: Getting, kind: RegistryKind): Promise<void> {
  const presentation = entryPresentation(context, kind);
  if (id !== undefined) return printOne(context, options.output, presentation, await kind.get(client, id));
  const filter = {
    name: options.name ?? '',
    user: options.user ?? '',
    tags: [...(options.tag ?? [])],
    statuses: knownStatuses(command, options.status, kind.statuses),
  };
  const limit = fetchLimit(options);
  const entries = allPages((page) => kind.page(client, filter, page), { pageSize: 100, limit });
  await printLimited(context, options, presentation, entries);
}

function entryPresentation(context: CliContext, kind: RegistryKind): Presentation<DescMessage> {
  const columns = entryColumns(context, kind).map(({ title, value, paint }) => ({
    title,
    value: (row: MessageShape<DescMessage>) => value(decodeEntry(kind, row)),
    ...(paint === undefined
      ? {}
      : { paint: (text: string, row: MessageShape<DescMessage>) => paint(text, decodeEntry(kind, row)) }),
  }));
  return { schema: kind.schema, id: (row) => decodeEntry(kind, row).id, columns, kind: kind.title };
}

/** One more than is shown, to know whether there are more. */
function fetchLimit(options: GetOptions): number | undefined {
  return options.all === true ? undefined : options.limit + 1;
}

async function printLimited<D extends DescMessage>(
  context: CliContext,
  options: GetOptions,
  presentation: Presentation<D>,
  items: AsyncIterable<MessageShape<D>>,
): Promise<void> {
  const found: MessageShape<D>[] = [];
  for await (const item of items) found.push(item);
  const shown = options.all === true ? found : found.slice(0, options.limit);
  await printList(context, options.output, presentation, shown);
  if (found.length > shown.length) {
    await context.stderr.write(`marid: only the first ${shown.length} are shown; --limit N or --all shows more\n`);
  }
}

/** Statuses in capitals. A usage error for one that does not exist: the server would find nothing. */
function knownStatuses(command: Command, given: readonly string[] | undefined, known: readonly string[]): string[] {
  const names = known.filter((name) => name !== 'UNSPECIFIED');
  const statuses = (given ?? []).map((status) => status.toUpperCase());
  const [wrong] = statuses.filter((status) => !names.includes(status));
  if (wrong !== undefined)
    command.error(`error: no status is ${wrong}${nearest(wrong, names)}; statuses are ${names.join(', ')}`);
  return statuses;
}
