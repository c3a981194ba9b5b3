/** All services that a control plane offers, but for the log's. */
import type { RetryPolicy } from '../../../core/job/retry.js';
import type { ApplicationService } from '../../../proto/gen/marid/v1/application_service_pb.js';
import type { AttachmentService } from '../../../proto/gen/marid/v1/attachment_service_pb.js';
import type { ClusterService } from '../../../proto/gen/marid/v1/cluster_service_pb.js';
import type { CommandService } from '../../../proto/gen/marid/v1/command_service_pb.js';
import type { FleetService } from '../../../proto/gen/marid/v1/fleet_service_pb.js';
import type { JobService } from '../../../proto/gen/marid/v1/job_service_pb.js';
import type { WorkerService } from '../../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { ControlPlaneConfig } from '../config.js';
import type { ControlPlaneRuntime, Engines } from '../options.js';
import type { IdleWorkers } from '../dispatch/idle-workers.js';
import type { Claims } from '../fleet/claims.js';
import type { KillDelivery } from '../fleet/kill-delivery.js';
import type { NodeDirectory } from '../fleet/node-directory.js';
import type { SilentWorkers } from '../fleet/silent-workers.js';
import type { WorkerDirectory } from '../fleet/worker-directory.js';
import type { WorkerSessions } from '../fleet/worker-sessions.js';
import type { UsageGauges } from '../jobs/usage-gauges.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { JobSignals } from '../jobs/job-signals.js';
import type { Leader } from '../leader/leader.js';
import { deadlinePolicyOf } from '../leader-config.js';
import type { RegistryKeeper } from '../registry/registry-keeper.js';
import { ResourceService } from '../registry/resource-service.js';
import type { Admission } from '../submit/admission.js';
import type { Matcher } from '../submit/matcher.js';
import type { Submitter } from '../submit/submitter.js';
import { ArchiveReader } from '../archive/archive-reader.js';
import type { Attachments } from '../attachments/attachments.js';
import { createApplicationHandlers } from './application-handlers.js';
import { createAttachmentHandlers } from './attachment-handlers.js';
import { createClusterHandlers } from './cluster-handlers.js';
import { createCommandHandlers } from './command-handlers.js';
import { createFleetHandlers, type ServerInfo } from './fleet-handlers.js';
import { JobFiles } from './job-files.js';
import { createJobHandlers } from './job-handlers.js';
import { createWorkerHandlers } from './worker-handlers.js';

/** Handlers by service. */
export interface ControlPlaneHandlers {
  readonly applications: ServiceHandlers<typeof ApplicationService>;
  readonly attachments: ServiceHandlers<typeof AttachmentService>;
  readonly commands: ServiceHandlers<typeof CommandService>;
  readonly clusters: ServiceHandlers<typeof ClusterService>;
  readonly jobs: ServiceHandlers<typeof JobService>;
  readonly fleet: ServiceHandlers<typeof FleetService>;
  readonly workers: ServiceHandlers<typeof WorkerService>;
}

/** What the handlers stand on. */
export interface HandlerParts {
  readonly config: ControlPlaneConfig;
  readonly runtime: ControlPlaneRuntime;
  readonly engines: Engines;
  readonly info: ServerInfo;
  readonly keeper: RegistryKeeper;
  readonly directory: WorkerDirectory;
  readonly signals: JobSignals;
  readonly jobs: JobRepository;
  readonly leader: Leader;
  readonly gauges: UsageGauges;
  readonly nodes: NodeDirectory;
  readonly kills: KillDelivery;
  readonly sessions: WorkerSessions;
  readonly silent: SilentWorkers;
  readonly retry: RetryPolicy;
  readonly claims: Claims;
  readonly idleWorkers: IdleWorkers;
  /** See `ControlPlaneOptions.syncSuffices`. */
  readonly syncSuffices: boolean;
  readonly matcher: Matcher;
  readonly admission: Admission;
  readonly submitter: Submitter;
  readonly attachments: Attachments;
}

/** Makes the handlers. */
export function createHandlers(parts: HandlerParts): ControlPlaneHandlers {
  const { engines, runtime, config, keeper, jobs, signals, nodes } = parts;
  const { clock, random } = runtime;
  const registry = { store: engines.registry, keeper, jobs: engines.jobs, clock, random };
  const deadlines = deadlinePolicyOf(config);
  const archives = new ArchiveReader(engines.blobs);
  const files = new JobFiles({ jobs, signals, nodes, archives, clock });
  return {
    applications: createApplicationHandlers(new ResourceService('application', registry)),
    attachments: createAttachmentHandlers(parts.attachments),
    commands: createCommandHandlers(new ResourceService('command', registry)),
    clusters: createClusterHandlers(new ResourceService('cluster', registry)),
    jobs: createJobHandlers({
      ...parts,
      ...config,
      ...{ store: engines.jobs, log: engines.log, files, clock, deadlines, logger: runtime.logger },
    }),
    fleet: createFleetHandlers({ ...parts, clock, logger: runtime.logger }),
    workers: createWorkerHandlers({ ...parts, ...config }),
  };
}
