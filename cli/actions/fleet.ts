/** What `marid workers`, `drain` and `stats` do. */
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { UsageSchema, WorkerState, type Usage } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { escapeText } from '../output/escape.js';
import { printJson, printList, type OutputFormat } from '../output/print.js';
import { formatTable, type Column } from '../output/table.js';
import { workerPresentation } from '../presentations.js';
import { forEach } from './for-each.js';

/** Lists the workers. */
export async function listWorkers(context: CliContext, command: Command): Promise<void> {
  const { pool, output } = command.opts<{ readonly pool?: string; readonly output: OutputFormat }>();
  const { workers } = await withClient(context, command, (client) => client.fleet.listWorkers({ pool: pool ?? '' }));
  await printList(context, output, workerPresentation(context), workers);
}

/** Drains each worker, or lets it work again. */
export async function drainWorkers(context: CliContext, command: Command, ids: readonly string[]): Promise<void> {
  const { undo } = command.opts<{ readonly undo?: boolean }>();
  await withClient(context, command, (client) =>
    forEach(context, ids, async (workerId) => {
      const { worker } = await client.fleet.drainWorker({ workerId, undo: undo === true });
      const state = WorkerState[worker?.state ?? WorkerState.UNSPECIFIED];
      const left = worker === undefined || worker.runningJobs === 0 ? '' : `, ${worker.runningJobs} jobs left`;
      await context.stdout.write(`${escapeText(workerId)}  ${state}${left}\n`);
    }),
  );
}

/** Shows what each user has in each pool. */
export async function showStats(context: CliContext, command: Command): Promise<void> {
  const { pool, user, output } = command.opts<StatsOptions>();
  const { usage } = await withClient(context, command, (client) => client.fleet.getUsage({}));
  const wanted = usage.filter((each) => each.pool === (pool ?? each.pool) && each.user === (user ?? each.user));
  if (output === 'json')
    return printJson(
      context,
      wanted.map((each) => toJson(UsageSchema, each)),
    );
  await context.stdout.write(formatTable(USAGE_COLUMNS, wanted));
}

interface StatsOptions {
  readonly pool?: string;
  readonly user?: string;
  readonly output: 'table' | 'json';
}

const USAGE_COLUMNS: readonly Column<Usage>[] = [
  { title: 'USER', value: ({ user }) => user },
  { title: 'POOL', value: ({ pool }) => pool },
  { title: 'ACTIVE', value: ({ activeJobs }) => String(activeJobs) },
  { title: 'WAITING', value: ({ waitingJobs }) => String(waitingJobs) },
  { title: 'CLAIMED', value: ({ memoryMb }) => `${memoryMb} MiB` },
];
