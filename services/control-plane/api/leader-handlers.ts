/** gRPC handlers that show and steer the leader's tasks, at whichever control plane is asked. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { TaskControl, TaskRun } from '../../../core/fleet/worker-record.js';
import type { Clock } from '../../../core/ports/clock.js';
import { toDuration, toTimestamp } from '../../../proto/codec/index.js';
import {
  LeaderTaskState,
  type FleetService,
  type LeaderTaskSchema,
} from '../../../proto/gen/marid/v1/fleet_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { LeaderTask } from '../leader/leader-task.js';
import type { Leader } from '../leader/leader.js';
import { nextRunAt } from '../leader/schedule.js';

/** How long a call waits for the run that it asked for. */
const WAIT_MS = 10_000;
const LOOK_MS = 200;

/** Options of `createLeaderHandlers`. */
export interface LeaderHandlerOptions {
  readonly leader: Leader;
  readonly clock: Clock;
}

type Handlers = Pick<ServiceHandlers<typeof FleetService>, 'listLeaderTasks' | 'runLeaderTask' | 'pauseLeaderTask'>;

/** Handlers over the store: the leader may be another process. */
export function createLeaderHandlers({ leader, clock }: LeaderHandlerOptions): Handlers {
  return {
    listLeaderTasks: async () => {
      const [runs, controls] = await Promise.all([leader.runs.list(), leader.controls.load()]);
      const newest = runs.reduce((term, run) => Math.max(term, run.term), leader.term ?? 0);
      const leads = leader.term !== null ? leader.holder : (runs.find((run) => run.term === newest)?.leader ?? '');
      const tasks = leader.tasks
        .map((task) => show({ leader, clock }, task, { run: runOf(runs, task.name), control: controls.get(task.name) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      return { leader: leads, term: BigInt(newest), tasks };
    },
    runLeaderTask: async ({ name }, { signal }) => {
      const task = find(leader, name);
      const control = await leader.controls.change(name, ({ requests }) => ({ requests: requests + 1 }));
      const run = await untilAnswered({ leader, clock }, control, signal);
      const completed = run !== undefined && run.answered >= control.requests;
      return { task: show({ leader, clock }, task, { run, control }), completed };
    },
    pauseLeaderTask: async ({ name, undo }) => {
      const task = find(leader, name);
      const control = await leader.controls.change(name, () => ({ paused: !undo }));
      return { task: show({ leader, clock }, task, { run: runOf(await leader.runs.list(), name), control }) };
    },
  };
}

/** The last run, as soon as it answers the request, or after a while. */
async function untilAnswered(
  { leader, clock }: LeaderHandlerOptions,
  { name, requests }: TaskControl,
  signal: AbortSignal,
): Promise<TaskRun | undefined> {
  const deadline = clock.monotonic() + WAIT_MS;
  for (;;) {
    const run = runOf(await leader.runs.list(), name);
    const answered = run !== undefined && run.answered >= requests;
    if (answered || clock.monotonic() >= deadline || signal.aborted) return run;
    await clock.sleep(LOOK_MS, signal);
  }
}

function find(leader: Leader, name: string): LeaderTask {
  const task = leader.tasks.find((each) => each.name === name);
  if (task !== undefined) return task;
  const names = leader.tasks.map((each) => each.name).sort();
  throw new MaridError('NOT_FOUND', `There is no task ${JSON.stringify(name)}; there are ${names.join(', ')}.`);
}

function runOf(runs: readonly TaskRun[], name: string): TaskRun | undefined {
  return runs.find((run) => run.name === name);
}

function show(
  { leader, clock }: LeaderHandlerOptions,
  task: LeaderTask,
  { run, control }: { readonly run: TaskRun | undefined; readonly control: TaskControl | undefined },
): MessageInitShape<typeof LeaderTaskSchema> & { readonly name: string } {
  const { enabled, schedule: configured } = leader.settingsOf(task);
  const schedule = configured ?? task.schedule;
  const state = stateOf(enabled, control?.paused === true);
  const next = state === LeaderTaskState.SCHEDULED ? nextRunAt(schedule, run ?? neverRun(clock)) : null;
  return {
    name: task.name,
    state,
    ...('cron' in schedule ? { cron: schedule.cron } : { interval: toDuration(schedule.everyMs) }),
    ...(next === null ? {} : { nextRunTime: toTimestamp(next) }),
    ...(run === undefined ? {} : lastRun(run)),
  };
}

/** An interval begins with a run at once, cron with the next time. */
function neverRun(clock: Clock) {
  return { startedAt: clock.now(), durationMs: 0 };
}

function lastRun(run: TaskRun) {
  return {
    lastRunTime: toTimestamp(run.startedAt),
    lastDuration: toDuration(run.durationMs),
    lastOutcome: run.outcome,
    lastRunSucceeded: run.succeeded,
  };
}

function stateOf(enabled: boolean, paused: boolean): LeaderTaskState {
  if (paused) return LeaderTaskState.PAUSED;
  return enabled ? LeaderTaskState.SCHEDULED : LeaderTaskState.DISABLED;
}
