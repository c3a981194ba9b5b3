/** A control plane in memory behind a real gRPC server, for tests of the client and the command line. */
import { bindService, RpcServer } from '../../infra/rpc/index.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { ApplicationService } from '../../proto/gen/marid/v1/application_service_pb.js';
import { ClusterService } from '../../proto/gen/marid/v1/cluster_service_pb.js';
import { CommandService } from '../../proto/gen/marid/v1/command_service_pb.js';
import { FleetService } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { JobService } from '../../proto/gen/marid/v1/job_service_pb.js';
import { MemoryJobs } from './memory-jobs.js';
import { MemoryRegistry } from './memory-registry.js';
import { QuietLogger } from './quiet-logger.js';

/** Serving from `start` to `stop`; its state outlives both, so that a server can go away and come back. */
export class MemoryMarid {
  readonly jobs = new MemoryJobs();
  readonly registry = new MemoryRegistry();
  private server: RpcServer | null = null;
  private lastAddress = '127.0.0.1:0';

  /** A new one that serves on a free port. */
  static async open(): Promise<MemoryMarid> {
    const marid = new MemoryMarid();
    await marid.start();
    return marid;
  }

  get address(): string {
    return this.lastAddress;
  }

  /** Serves, at the address of last time. */
  async start(): Promise<void> {
    const { jobs, registry } = this;
    this.server = await RpcServer.start({
      listen: this.lastAddress,
      services: [
        bindService(JobService, jobs.handlers),
        bindService(ApplicationService, registry.applicationHandlers),
        bindService(CommandService, registry.commandHandlers),
        bindService(ClusterService, registry.clusterHandlers),
        bindService(FleetService, registry.fleetHandlers),
      ],
      logger: new QuietLogger(),
      clock: new SystemClock(),
    });
    this.lastAddress = this.server.address;
  }

  async stop(): Promise<void> {
    await this.server?.stop({ graceMs: 0 });
    this.server = null;
  }
}
