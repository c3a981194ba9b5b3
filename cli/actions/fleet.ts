/** What `marid workers`, `drain` and `stats` do. */
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { UsageSchema, WorkerState, type Usage } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import type { MaridClient } from '../../client/marid-client.js';
import { withClient } from '../connect.js';
import { CliExit, type CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { escapeText } from '../output/escape.js';
import { printJson, printList, type OutputFormat } from '../output/print.js';
import { formatTable, type Column } from '../output/table.js';
import { formatTime } from '../output/times.js';
import { workerPresentation } from '../presentations.js';
import { forEach } from './for-each.js';

const LOOK_MS = 500;
/** Of what a worker says of itself after it was drained. */
const WORDS_TO_BELIEVE = 2;

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
  const { undo, wait } = command.opts<{ readonly undo?: boolean; readonly wait?: number }>();
  await withClient(context, command, (client) =>
    forEach(context, ids, async (workerId) => {
      const { worker } = await client.fleet.drainWorker({ workerId, undo: undo === true });
      const state = WorkerState[worker?.state ?? WorkerState.UNSPECIFIED];
      const left = worker === undefined || worker.runningJobs === 0 ? '' : `, ${worker.runningJobs} jobs left`;
      await context.stdout.write(`${escapeText(workerId)}  ${state}${left}\n`);
      if (wait !== undefined) await waitUntilIdle(context, client, { workerId, waitMs: wait });
    }),
  );
}

/** Waits until the worker says twice that it holds no job: its first word may be older than its last claim. `CliExit` 124 when the time is over. */
async function waitUntilIdle(
  { clock, stdout }: CliContext,
  client: MaridClient,
  { workerId, waitMs }: { readonly workerId: string; readonly waitMs: number },
): Promise<void> {
  const deadline = clock.monotonic() + waitMs;
  const heard = new Set<string>();
  for (;;) {
    const { workers } = await client.fleet.listWorkers({});
    const worker = workers.find(({ id }) => id === workerId);
    if (worker === undefined || worker.state === WorkerState.STOPPED) break;
    if (worker.runningJobs > 0) heard.clear();
    else heard.add(formatTime(worker.lastBeatTime));
    if (heard.size > WORDS_TO_BELIEVE) break;
    if (clock.monotonic() >= deadline) {
      await stdout.write(`${escapeText(workerId)}  ${worker.runningJobs} jobs left\n`);
      throw new CliExit(EXIT.timedOut);
    }
    await clock.sleep(Math.min(LOOK_MS, deadline - clock.monotonic()));
  }
  await stdout.write(`${escapeText(workerId)}  no job left\n`);
}

/** Shows what each user has in each pool. */
export async function showStats(context: CliContext, command: Command): Promise<void> {
  const { pool, user, output } = command.opts<StatsOptions>();
  const { usage, countTime } = await withClient(context, command, (client) => client.fleet.getUsage({}));
  const wanted = usage.filter((each) => each.pool === (pool ?? each.pool) && each.user === (user ?? each.user));
  if (output === 'json')
    return printJson(
      context,
      wanted.map((each) => toJson(UsageSchema, each)),
    );
  await context.stdout.write(formatTable(USAGE_COLUMNS, wanted));
  await context.stderr.write(`Counted at ${formatTime(countTime)}; counts are made at most every 5 s.\n`);
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
