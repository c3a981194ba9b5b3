/** Workers as the fleet service shows them. */
import { create } from '@bufbuild/protobuf';
import type { WorkerRecord } from '../../core/fleet/worker-record.js';
import { WorkerSchema, WorkerState, type Worker } from '../gen/marid/v1/fleet_service_pb.js';
import { toTimestamp } from './time.js';

/** What is known of a worker besides its record, from its beats. */
export interface WorkerLive {
  /** MiB of the budget that are not claimed, by the last beat. */
  readonly memoryFreeMb: number;
  /** Jobs that it holds, by the last beat. */
  readonly runningJobs: number;
  /** Milliseconds since the epoch. */
  readonly lastBeatAt: number;
  /** `SILENT`: not heard of for longer than its lease. `EXPIRED`: its session was ended. */
  readonly state: 'ACTIVE' | 'DRAINING' | 'SILENT' | 'EXPIRED' | 'STOPPED';
}

/** A worker as a message. */
export function workerToMessage(record: WorkerRecord, live: WorkerLive): Worker {
  return create(WorkerSchema, {
    id: record.id,
    pool: record.pool,
    host: record.host,
    address: record.address,
    state: WorkerState[live.state],
    memoryBudgetMb: record.memoryBudgetMb,
    memoryFreeMb: live.memoryFreeMb,
    runningJobs: live.runningJobs,
    version: record.version,
    registerTime: toTimestamp(record.registeredAt),
    lastBeatTime: toTimestamp(live.lastBeatAt),
    reservedJobId: record.reservation?.jobId ?? '',
  });
}
