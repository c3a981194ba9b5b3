/** What `marid leader` and its subcommands do. */
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { MaridError } from '../../core/errors/marid-error.js';
import {
  LeaderTaskState,
  ListLeaderTasksResponseSchema,
  type LeaderTask,
} from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { escapeText } from '../output/escape.js';
import { printJson, printYaml } from '../output/print.js';
import { formatPairs, formatTable, type Column } from '../output/table.js';
import { formatAge, formatDuration } from '../output/times.js';
import { forEach } from './for-each.js';

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

/** Has each task run now and says what it did; a run that failed ends with 1. */
export async function runTasks(context: CliContext, command: Command, names: readonly string[]): Promise<void> {
  await withClient(context, command, (client) =>
    forEach(context, names, async (name) => {
      const { task, completed } = await client.fleet.runLeaderTask({ name });
      const outcome = task?.lastOutcome ?? '';
      if (completed && task?.lastRunSucceeded !== true) {
        throw new MaridError('INTERNAL', `Task ${name} failed: ${outcome}`);
      }
      await context.stdout.write(`${escapeText(name)}  ${completed ? escapeText(outcome) : 'asked for'}\n`);
    }),
  );
}

/** Pauses each task, or lets it run again. */
export async function pauseTasks(
  context: CliContext,
  command: Command,
  options: { readonly names: readonly string[]; readonly undo: boolean },
): Promise<void> {
  const { names, undo } = options;
  await withClient(context, command, (client) =>
    forEach(context, names, async (name) => {
      const { task } = await client.fleet.pauseLeaderTask({ name, undo });
      const state = LeaderTaskState[task?.state ?? LeaderTaskState.UNSPECIFIED];
      await context.stdout.write(`${escapeText(name)}  ${state}\n`);
    }),
  );
}

function taskColumns(now: number): readonly Column<LeaderTask>[] {
  return [
    { title: 'TASK', value: (task) => task.name },
    { title: 'STATE', value: (task) => LeaderTaskState[task.state] },
    { title: 'EVERY', value: (task) => (task.cron === '' ? formatDuration(task.interval) : task.cron) },
    { title: 'NEXT RUN', value: (task) => nextRun(task, now) },
    { title: 'LAST RUN', value: (task) => formatAge(task.lastRunTime, now) },
    { title: 'TOOK', value: (task) => formatDuration(task.lastDuration) },
    { title: 'OK', value: (task) => (task.lastRunTime === undefined ? '' : task.lastRunSucceeded ? 'yes' : 'no') },
    { title: 'OUTCOME', value: (task) => task.lastOutcome },
  ];
}

/** What is known of a task that runs often is a few seconds old. */
function nextRun({ nextRunTime }: LeaderTask, now: number): string {
  if (nextRunTime === undefined) return '';
  const text = formatAge(nextRunTime, now);
  return text.startsWith('in ') ? text : 'now';
}
