/** A whole control plane over real embedded engines, called without sockets. */
import type { Clock } from '../../core/ports/clock.js';
import type { BlobStore } from '../../core/ports/blob-store.js';
import type { StoredRecord } from '../../core/ports/topic-log.js';
import type { Job, WorkerEvent } from '../../core/job/job.js';
import { partitionOf } from '../../core/dispatch/partition-of.js';
import { TOPICS } from '../../core/fleet/topics.js';
import { EmbeddedLease } from '../../infra/lease/embedded/embedded-lease.js';
import { EmbeddedTopicLog } from '../../infra/log/embedded/embedded-topic-log.js';
import { createInProcessClient } from './in-process-client.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { SqliteDatabase } from '../../infra/store/sqlite/sqlite-database.js';
import { SqliteFleetStore } from '../../infra/store/sqlite/sqlite-fleet-store.js';
import { SqliteJobStore } from '../../infra/store/sqlite/sqlite-job-store.js';
import { SqliteJobSurvey } from '../../infra/store/sqlite/sqlite-job-survey.js';
import { SqliteRegistryStore } from '../../infra/store/sqlite/sqlite-registry-store.js';
import { SqliteUserSlotStore } from '../../infra/store/sqlite/sqlite-user-slot-store.js';
import { encodeWorkerEvent } from '../../proto/codec/index.js';
import { ApplicationService } from '../../proto/gen/marid/v1/application_service_pb.js';
import { AttachmentService } from '../../proto/gen/marid/v1/attachment_service_pb.js';
import { ClusterService } from '../../proto/gen/marid/v1/cluster_service_pb.js';
import { CommandService } from '../../proto/gen/marid/v1/command_service_pb.js';
import { FleetService } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { JobService } from '../../proto/gen/marid/v1/job_service_pb.js';
import { WorkerService } from '../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceClient } from '../../proto/rpc/service.js';
import { controlPlaneConfigSchema, type ControlPlaneConfig } from '../../services/control-plane/config.js';
import { ControlPlane } from '../../services/control-plane/control-plane.js';
import type { Dial } from '../../services/control-plane/fleet/node-directory.js';
import { noBlobs } from './no-blobs.js';
import { QuietLogger } from './quiet-logger.js';

/** Options of `openControlPlane`. */
export interface TestControlPlaneOptions {
  /** Database file. Default: in memory. */
  readonly path?: string;
  readonly config?: Partial<ControlPlaneConfig>;
  /** Shares the engines of this one, as several control planes do; that one is stopped last. Default: engines of its own. */
  readonly beside?: TestControlPlane;
  /** Default: no worker can be reached. */
  readonly dial?: Dial;
  /** Default: none can be reached. */
  readonly blobs?: BlobStore;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** Clients of a control plane's services, its engines, and its end. */
export interface TestControlPlane {
  readonly applications: ServiceClient<typeof ApplicationService>;
  readonly attachments: ServiceClient<typeof AttachmentService>;
  readonly commands: ServiceClient<typeof CommandService>;
  readonly clusters: ServiceClient<typeof ClusterService>;
  readonly jobs: ServiceClient<typeof JobService>;
  readonly fleet: ServiceClient<typeof FleetService>;
  readonly workers: ServiceClient<typeof WorkerService>;
  readonly log: EmbeddedTopicLog;
  readonly store: SqliteJobStore;
  readonly userSlots: SqliteUserSlotStore;
  readonly registry: SqliteRegistryStore;
  readonly db: SqliteDatabase;
  /** Ends the parts in order, the database last. */
  stop(): Promise<void>;
  /** Closes the database under the parts, as a crash would, then waits for their ends. */
  crash(): Promise<void>;
}

/** Starts one. */
export async function openControlPlane(options: TestControlPlaneOptions = {}): Promise<TestControlPlane> {
  const logger = new QuietLogger();
  const clock = options.clock ?? new SystemClock();
  const runtime = { clock, random: new SystemRandom(), logger };
  const { beside } = options;
  const db = beside?.db ?? SqliteDatabase.open({ path: options.path ?? ':memory:', logger });
  const log = beside?.log ?? new EmbeddedTopicLog({ db, clock, logger });
  const store = new SqliteJobStore(db);
  const userSlots = new SqliteUserSlotStore(db);
  const registry = new SqliteRegistryStore(db);
  const plane = await ControlPlane.create({
    config: controlPlaneConfigSchema.parse({ ...options.config }),
    runtime,
    engines: {
      ...{
        jobs: store,
        survey: new SqliteJobSurvey(db),
        registry,
        fleet: new SqliteFleetStore(db),
        userSlots,
      },
      ...{ log, lease: new EmbeddedLease({ db, clock }), names: { store: 'sqlite' } },
      oneDatabase: true,
      dial: options.dial ?? unreachable,
      blobs: async () => options.blobs ?? noBlobs(),
    },
    version: 'test',
  });
  await plane.start();
  const { handlers } = plane;
  return {
    applications: createInProcessClient(ApplicationService, handlers.applications),
    attachments: createInProcessClient(AttachmentService, handlers.attachments),
    commands: createInProcessClient(CommandService, handlers.commands),
    clusters: createInProcessClient(ClusterService, handlers.clusters),
    jobs: createInProcessClient(JobService, handlers.jobs),
    fleet: createInProcessClient(FleetService, handlers.fleet),
    workers: createInProcessClient(WorkerService, handlers.workers),
    ...{ log, store, registry, userSlots, db },
    stop: async () => {
      await plane.stop();
      if (beside !== undefined) return;
      await log.close();
      db.close();
    },
    crash: async () => {
      db.close();
      await plane.stop();
      await log.close();
    },
  };
}

/** Registers a command `sleep` and a cluster `local` that match the request of `anyJob`. */
export async function registerEntries(plane: TestControlPlane): Promise<void> {
  await plane.clusters.createCluster({
    cluster: { id: 'local', name: 'local', user: 'admin', version: '1', tags: ['type:local'] },
  });
  await plane.commands.createCommand({
    command: {
      ...{ id: 'sleep', name: 'sleep', user: 'admin', version: '1', tags: ['type:sleep'] },
      executable: ['/bin/sleep'],
      clusterCriteria: [{ tags: ['type:local'] }],
      memoryMb: 100,
    },
  });
}

/** A request that matches `registerEntries`. */
export function anyJob(overrides: { readonly name?: string; readonly memoryMb?: number; readonly pool?: string } = {}) {
  return {
    user: 'ada',
    clusterCriteria: [{ tags: ['type:local'] }],
    commandCriterion: { tags: ['type:sleep'] },
    arguments: ['1'],
    ...overrides,
  };
}

/** Registers a worker with a large budget. */
export async function registerWorker(plane: TestControlPlane, workerId: string, session = `${workerId}-1`) {
  const facts = { pool: 'default', host: 'host', address: '127.0.0.1:1', memoryBudgetMb: 100_000, version: 'test' };
  return plane.workers.registerWorker({ workerId, session, ...facts });
}

/** Sends events as a worker would. */
export async function sendEvents(
  log: EmbeddedTopicLog,
  events: readonly (Pick<WorkerEvent, 'jobId' | 'workerId' | 'sequence' | 'status'> & Partial<WorkerEvent>)[],
): Promise<void> {
  const partitions = await log.partitions({ topic: TOPICS.workerEvents });
  await log.produce({
    records: events.map((event) => ({
      topic: TOPICS.workerEvents,
      partition: partitionOf(event.jobId, partitions),
      key: event.jobId,
      value: encodeWorkerEvent({
        ...{ attempt: 1, session: `${event.workerId}-1`, at: Date.now(), reason: 'TEST', message: '', result: null },
        infrastructureFailure: false,
        ...event,
      }),
      headers: {},
    })),
  });
}

/** Follows a topic from its first record; `close` ends it. */
export async function followTopic(log: EmbeddedTopicLog, topic: string) {
  const records: StoredRecord[] = [];
  const subscription = await log.subscribe({
    topics: [topic],
    start: { kind: 'positions', positions: [] },
    onRecords: (batch) => {
      records.push(...batch);
    },
    onBroken: () => undefined,
  });
  return { records, close: () => subscription.close() };
}

/** The job as stored; fails when there is none. */
export async function storedJob(plane: TestControlPlane, id: string): Promise<Job> {
  const job = await plane.store.get({ id });
  if (job === null) throw new Error(`there is no job ${id}`);
  return job;
}

const unreachable: Dial = (address) => {
  throw new Error(`no worker is at ${address}`);
};
