/** A control plane as a process: the engines that were chosen, the control plane over them, and its gRPC server. */
import type { MessagePort } from 'node:worker_threads';
import { openControlPlaneEngines, type OpenEngines } from '../../infra/engines/open-control-plane-engines.js';
import { MetricsServer } from '../../infra/metrics/metrics-server.js';
import { bindService, connectRpc, PortServer, RpcServer, type BoundService } from '../../infra/rpc/index.js';
import { ApplicationService } from '../../proto/gen/marid/v1/application_service_pb.js';
import { AttachmentService } from '../../proto/gen/marid/v1/attachment_service_pb.js';
import { BlobService } from '../../proto/gen/marid/v1/blob_service_pb.js';
import { ClusterService } from '../../proto/gen/marid/v1/cluster_service_pb.js';
import { CommandService } from '../../proto/gen/marid/v1/command_service_pb.js';
import { FleetService } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { JobService } from '../../proto/gen/marid/v1/job_service_pb.js';
import { LogService } from '../../proto/gen/marid/v1/log_service_pb.js';
import { WorkerNodeService } from '../../proto/gen/marid/v1/worker_node_service_pb.js';
import { WorkerService } from '../../proto/gen/marid/v1/worker_service_pb.js';
import { createBlobServiceHandlers } from './api/blob-service.js';
import { createLogServiceHandlers } from './api/log-service.js';
import type { ControlPlaneConfig } from './config.js';
import { ControlPlane } from './control-plane.js';
import type { ControlPlaneRuntime } from './options.js';
import type { Dial, NodeConnection } from './fleet/node-directory.js';
import { readVersion } from './version.js';

/** How long calls under way may take when the control plane stops. */
const GRACE_MS = 5000;

/** A control plane that serves. */
export interface RunningControlPlane {
  /** `host:port` of its gRPC server, with the real port. */
  readonly address: string;
  /** Serves the same to a `PortChannel` at the other end of a port, which becomes the control plane's. */
  serve(port: MessagePort): void;
  /** Ends everything, the engines last; safe to repeat. */
  stop(): Promise<void>;
}

/** Starts a control plane. Rejects with `UNAVAILABLE` when its address or the file of its embedded engines is in use, or an engine cannot be reached; nothing is left open then. */
export async function startControlPlane(options: {
  readonly config: ControlPlaneConfig;
  readonly runtime: ControlPlaneRuntime;
}): Promise<RunningControlPlane> {
  const { config, runtime } = options;
  const { clock, logger } = runtime;
  const releases: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (let release = releases.pop(); release !== undefined; release = releases.pop()) await release();
  };
  try {
    const open = await openControlPlaneEngines(config, { clock, logger });
    releases.push(() => open.close());
    const engines = { ...open, dial: dialWith(runtime) };
    const plane = await ControlPlane.create({ config, runtime, engines, version: readVersion() });
    releases.push(() => plane.stop());
    await plane.start();
    const services = bind(plane, open, runtime);
    const server = await RpcServer.start({ ...runtime, listen: config.listen, services });
    releases.push(() => {
      plane.endCalls();
      return server.stop({ graceMs: GRACE_MS });
    });
    if (config.metricsListen !== null) {
      const collect = () => plane.metrics.collect();
      const metrics = await MetricsServer.start({ listen: config.metricsListen, collect, logger });
      releases.push(() => metrics.stop());
      logger.info({ address: metrics.address }, 'metrics are served');
    }
    logger.info({ address: server.address, engines: open.names }, 'control plane serves');
    if (config.blobs === 's3') warnWhenAway(open.blobs(), runtime);
    let stopping: Promise<void> | null = null;
    const serve = (port: MessagePort): void => {
      const local = new PortServer({ port, services, logger });
      releases.push(() => local.close());
    };
    return { address: server.address, serve, stop: () => (stopping ??= stop()) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function dialWith({ logger }: ControlPlaneRuntime): Dial {
  return (address): NodeConnection => {
    const channel = connectRpc({ address, logger });
    return { client: channel.client(WorkerNodeService), close: () => channel.close() };
  };
}

/** Blobs are opened when they are first needed; who starts a control plane is told at once that they cannot be had. */
function warnWhenAway(blobs: Promise<unknown>, { logger }: ControlPlaneRuntime): void {
  blobs.catch((error: unknown) => {
    logger.warn({ error }, 'the blob store cannot be used; it is tried again when it is needed');
  });
}

function bind({ handlers }: ControlPlane, open: OpenEngines, runtime: ControlPlaneRuntime): readonly BoundService[] {
  return [
    bindService(ApplicationService, handlers.applications),
    bindService(AttachmentService, handlers.attachments),
    bindService(CommandService, handlers.commands),
    bindService(ClusterService, handlers.clusters),
    bindService(JobService, handlers.jobs),
    bindService(FleetService, handlers.fleet),
    bindService(WorkerService, handlers.workers),
    bindService(LogService, createLogServiceHandlers({ log: open.log, ...runtime })),
    bindService(BlobService, createBlobServiceHandlers(open.blobs)),
  ];
}
