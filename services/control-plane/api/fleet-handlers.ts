/** gRPC handlers that show and steer what runs Marid itself. */
import { toDuration, toTimestamp, workerToMessage } from '../../../proto/codec/index.js';
import type { FleetService, Worker } from '../../../proto/gen/marid/v1/fleet_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { LiveWorker, WorkerDirectory } from '../fleet/worker-directory.js';
import type { WorkerSessions } from '../fleet/worker-sessions.js';
import type { Leader } from '../leader/leader.js';

/** What answers here. */
export interface ServerInfo {
  readonly version: string;
  /** Identity of this process. */
  readonly instanceId: string;
  /** Product by port, for example `store` to `sqlite`. */
  readonly engines: Readonly<Record<string, string>>;
}

/** Options of `createFleetHandlers`. */
export interface FleetHandlerOptions {
  readonly directory: WorkerDirectory;
  readonly sessions: WorkerSessions;
  readonly leader: Leader;
  readonly info: ServerInfo;
}

/** Handlers over the fleet. */
export function createFleetHandlers(options: FleetHandlerOptions): ServiceHandlers<typeof FleetService> {
  const { directory, sessions, leader, info } = options;
  const show = (worker: LiveWorker): Worker =>
    workerToMessage(worker.record, {
      memoryFreeMb: worker.memoryFreeMb,
      runningJobs: worker.runningJobs,
      lastBeatAt: worker.seenAt,
      state: directory.stateOf(worker),
    });
  return {
    listWorkers: async (request) => {
      const workers = directory.list().filter(({ record }) => request.pool === '' || record.pool === request.pool);
      return { workers: workers.map(show) };
    },
    drainWorker: async (request) => ({ worker: show(await sessions.drain(request.workerId, !request.undo)) }),
    listLeaderTasks: () => listLeaderTasks(leader),
    getServerInfo: async () => ({ ...info, engines: { ...info.engines } }),
  };
}

async function listLeaderTasks(leader: Leader) {
  const runs = await leader.runs.list();
  const newest = runs.reduce((term, run) => Math.max(term, run.term), leader.term ?? 0);
  const tasks = leader.tasks.map(({ name, intervalMs }) => {
    const run = runs.find((each) => each.name === name);
    return {
      name,
      interval: toDuration(intervalMs),
      ...(run === undefined
        ? {}
        : {
            lastRunTime: toTimestamp(run.startedAt),
            lastDuration: toDuration(run.durationMs),
            lastOutcome: run.outcome,
            lastRunSucceeded: run.succeeded,
          }),
    };
  });
  const leads = leader.term !== null ? leader.holder : (runs.find((run) => run.term === newest)?.leader ?? '');
  return { leader: leads, term: BigInt(newest), tasks: tasks.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
