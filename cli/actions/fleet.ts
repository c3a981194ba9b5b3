/** What `marid workers`, `drain` and `leader` do. */
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import {
  ListLeaderTasksResponseSchema,
  WorkerState,
  type LeaderTask,
} from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { escapeText } from '../output/escape.js';
import { printJson, printList, printYaml, type OutputFormat } from '../output/print.js';
import { formatPairs, formatTable, type Column } from '../output/table.js';
import { formatAge, formatDuration } from '../output/times.js';
import { workerPresentation } from '../presentations.js';
import { forEach } from './for-each.js';

/** Lists the workers. */
export async function listWorkers(context: CliContext, command: Command): Promise<void> {
  const { pool, output } = command.opts<{ readonly pool?: string; readonly output: OutputFormat }>();
  const answer = await withClient(context, command, (client) => client.fleet.listWorkers({ pool: pool ?? '' }));
  await printList(context, output, workerPresentation(context), answer.workers);
  for (const { message } of answer.brakes) await context.stderr.write(`${escapeText(message)}\n`);
}

/** Lets the silent workers of a pool be given up. */
export async function releaseWorkers(context: CliContext, command: Command, pool: string): Promise<void> {
  const { workers } = await withClient(context, command, (client) => client.fleet.releaseWorkers({ pool }));
  for (const { id } of workers) await context.stdout.write(`${escapeText(id)}  released\n`);
  if (workers.length === 0) await context.stderr.write(`No silent worker of pool ${escapeText(pool)} has jobs.\n`);
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

/** Shows the leader and its tasks. */
export async function showLeader(context: CliContext, command: Command): Promise<void> {
  const { output } = command.opts<{ readonly output: 'table' | 'json' | 'yaml' }>();
  const answer = await withClient(context, command, (client) => client.fleet.listLeaderTasks({}));
  const json = toJson(ListLeaderTasksResponseSchema, answer);
  if (output === 'json') return printJson(context, json);
  if (output === 'yaml') return printYaml(context, json);
  const head = formatPairs([
    ['Leader', answer.leader === '' ? 'nobody' : answer.leader],
    ['Term', String(answer.term)],
  ]);
  await context.stdout.write(`${head}\n${formatTable(taskColumns(context.clock.now()), answer.tasks)}`);
}

function taskColumns(now: number): readonly Column<LeaderTask>[] {
  return [
    { title: 'TASK', value: (task) => task.name },
    { title: 'EVERY', value: (task) => formatDuration(task.interval) },
    { title: 'LAST RUN', value: (task) => formatAge(task.lastRunTime, now) },
    { title: 'TOOK', value: (task) => formatDuration(task.lastDuration) },
    { title: 'OK', value: (task) => (task.lastRunTime === undefined ? '' : task.lastRunSucceeded ? 'yes' : 'no') },
    { title: 'OUTCOME', value: (task) => task.lastOutcome },
  ];
}
