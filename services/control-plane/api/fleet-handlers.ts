/** gRPC handlers that show and steer what runs Marid itself. */
import { agentOfPool } from '../../../core/fleet/agent-pool.js';
import { isInService } from '../../../core/fleet/silence.js';
import { brakeText, type ExpiryBrake } from '../../../core/fleet/expiry-brake.js';
import type { PoolUsage } from '../../../core/ports/job-survey.js';
import type { Logger } from '../../../core/ports/logger.js';
import { toTimestamp, workerToMessage } from '../../../proto/codec/index.js';
import type { FleetService, Worker } from '../../../proto/gen/marid/v1/fleet_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { SilentWorkers } from '../fleet/silent-workers.js';
import type { LiveWorker, WorkerDirectory } from '../fleet/worker-directory.js';
import type { WorkerSessions } from '../fleet/worker-sessions.js';
import type { UsageGauges } from '../jobs/usage-gauges.js';
import { createLeaderHandlers, type LeaderHandlerOptions } from './leader-handlers.js';

/** What answers here. */
export interface ServerInfo {
  readonly version: string;
  /** Identity of this process. */
  readonly instanceId: string;
  /** Product by port, for example `store` to `sqlite`. */
  readonly engines: Readonly<Record<string, string>>;
}

/** Options of `createFleetHandlers`. */
export interface FleetHandlerOptions extends LeaderHandlerOptions {
  readonly directory: WorkerDirectory;
  readonly sessions: WorkerSessions;
  readonly silent: SilentWorkers;
  readonly gauges: UsageGauges;
  readonly info: ServerInfo;
  readonly logger: Logger;
}

/** Handlers over the fleet. */
export function createFleetHandlers(options: FleetHandlerOptions): ServiceHandlers<typeof FleetService> {
  const { directory, sessions, gauges, info } = options;
  const show = (worker: LiveWorker): Worker =>
    workerToMessage(worker.record, {
      memoryFreeMb: worker.memoryFreeMb,
      runningJobs: worker.runningJobs,
      lastBeatAt: worker.seenAt,
      state: directory.stateOf(worker),
    });
  return {
    listWorkers: async (request) => {
      const workers = directory
        .list()
        .filter(({ record }) => request.pool === '' || record.pool === request.pool)
        .filter(({ record }) => isInService(record) || agentOfPool(record.pool) === null); // an agent never comes back
      const brakes = (await brakesOf(options)).filter(({ pool }) => request.pool === '' || pool === request.pool);
      return { workers: workers.map(show), brakes: brakes.map(toBrake) };
    },
    releaseWorkers: async ({ pool }) => {
      const silent = (await options.silent.find()).filter(
        ({ record, attempts }) => record.pool === pool && attempts > 0,
      );
      const released = await sessions.release(silent.map(({ record }) => record));
      return { workers: released.flatMap(({ id }) => directory.get(id) ?? []).map(show) };
    },
    drainWorker: async (request) => ({ worker: show(await sessions.drain(request.workerId, !request.undo)) }),
    ...createLeaderHandlers(options),
    getUsage: async () => {
      const { countedAt, usage } = await gauges.current();
      return { countTime: toTimestamp(countedAt), usage: usage.map(usageToMessage) };
    },
    getServerInfo: async () => ({ ...info, engines: { ...info.engines } }),
  };
}

function usageToMessage({ activeJobs, waitingJobs, memoryMb, ...names }: PoolUsage) {
  const counts = { activeJobs: BigInt(activeJobs), waitingJobs: BigInt(waitingJobs), memoryMb: BigInt(memoryMb) };
  return { ...names, ...counts };
}

/** The brakes; none while the store, which knows them, is away. */
async function brakesOf({ silent, logger }: FleetHandlerOptions): Promise<readonly ExpiryBrake[]> {
  try {
    return await silent.brakes();
  } catch (error) {
    logger.warn({ error }, 'the store cannot tell what silent workers own');
    return [];
  }
}

function toBrake(brake: ExpiryBrake) {
  const { pool, silent: silentWorkers, workers, limit } = brake;
  return { pool, silentWorkers, workers, limit, message: brakeText(brake) };
}
