/** The registry's services and the fleet's in memory, for tests of clients. */
import { clone, type JsonObject } from '@bufbuild/protobuf';
import { MaridError } from '../../core/errors/marid-error.js';
import { ApplicationSchema, ApplicationStatus, type Application } from '../../proto/gen/marid/v1/application_pb.js';
import type { ApplicationService } from '../../proto/gen/marid/v1/application_service_pb.js';
import { ClusterSchema, ClusterStatus, type Cluster } from '../../proto/gen/marid/v1/cluster_pb.js';
import type { ClusterService } from '../../proto/gen/marid/v1/cluster_service_pb.js';
import { CommandSchema, CommandStatus, type Command } from '../../proto/gen/marid/v1/command_pb.js';
import type { CommandService } from '../../proto/gen/marid/v1/command_service_pb.js';
import { LeaderTaskState, WorkerState, type FleetService } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import type { ServiceHandlers } from '../../proto/rpc/service.js';

/** Entries of one kind, with etags. */
class Entries<E extends { id: string; etag: string; status: number; metadata?: JsonObject | undefined }> {
  readonly all = new Map<string, E>();
  private writes = 0;

  constructor(
    private readonly copy: (entry: E) => E,
    private readonly firstStatus: E['status'],
  ) {}

  get(id: string): E {
    const entry = this.all.get(id);
    if (entry === undefined) throw new MaridError('NOT_FOUND', `There is no entry ${id}.`);
    return entry;
  }

  create(given: E | undefined): E {
    if (given === undefined) throw new MaridError('INVALID_ARGUMENT', 'No entry is given.');
    if (this.all.has(given.id)) throw new MaridError('ALREADY_EXISTS', `There is an entry ${given.id} already.`);
    return this.put(given);
  }

  update(given: E | undefined): E {
    if (given === undefined) throw new MaridError('INVALID_ARGUMENT', 'No entry is given.');
    const current = this.get(given.id);
    if (given.etag !== '' && given.etag !== current.etag) throw new MaridError('ETAG_MISMATCH', 'Somebody else wrote.');
    return this.put(given);
  }

  delete(id: string): void {
    this.get(id);
    this.all.delete(id);
  }

  private put(given: E): E {
    this.writes += 1;
    const entry = this.copy(given);
    entry.etag = String(this.writes);
    if (entry.status === 0) entry.status = this.firstStatus;
    entry.metadata ??= {};
    this.all.set(entry.id, entry);
    return entry;
  }
}

/** All entries, and the handlers of their services. */
export class MemoryRegistry {
  readonly applications = new Entries<Application>(
    (entry) => clone(ApplicationSchema, entry),
    ApplicationStatus.ACTIVE,
  );
  readonly commands = new Entries<Command>((entry) => clone(CommandSchema, entry), CommandStatus.ACTIVE);
  readonly clusters = new Entries<Cluster>((entry) => clone(ClusterSchema, entry), ClusterStatus.UP);
  /** Ids of workers that drain. */
  readonly draining = new Set<string>();
  readonly brakes: { readonly pool: string; readonly message: string }[] = [];

  get applicationHandlers(): ServiceHandlers<typeof ApplicationService> {
    const { applications } = this;
    return {
      createApplication: async ({ application }) => ({ application: applications.create(application) }),
      getApplication: async ({ id }) => ({ application: applications.get(id) }),
      listApplications: async () => ({ applications: [...applications.all.values()] }),
      updateApplication: async ({ application }) => ({ application: applications.update(application) }),
      deleteApplication: async ({ id }) => {
        applications.delete(id);
        return {};
      },
    };
  }

  get commandHandlers(): ServiceHandlers<typeof CommandService> {
    const { commands } = this;
    return {
      createCommand: async ({ command }) => ({ command: commands.create(command) }),
      getCommand: async ({ id }) => ({ command: commands.get(id) }),
      listCommands: async () => ({ commands: [...commands.all.values()] }),
      updateCommand: async ({ command }) => ({ command: commands.update(command) }),
      deleteCommand: async ({ id }) => {
        commands.delete(id);
        return {};
      },
    };
  }

  get clusterHandlers(): ServiceHandlers<typeof ClusterService> {
    const { clusters } = this;
    return {
      createCluster: async ({ cluster }) => ({ cluster: clusters.create(cluster) }),
      getCluster: async ({ id }) => ({ cluster: clusters.get(id) }),
      listClusters: async ({ statuses }) => ({
        clusters: [...clusters.all.values()].filter(({ status }) => statuses.length === 0 || statuses.includes(status)),
      }),
      updateCluster: async ({ cluster }) => ({ cluster: clusters.update(cluster) }),
      deleteCluster: async ({ id }) => {
        clusters.delete(id);
        return {};
      },
    };
  }

  get fleetHandlers(): ServiceHandlers<typeof FleetService> {
    const worker = (id: string) => ({
      id,
      pool: 'default',
      host: 'node-1',
      state: this.draining.has(id) ? WorkerState.DRAINING : WorkerState.ACTIVE,
      memoryBudgetMb: 1000,
      memoryFreeMb: 900,
      runningJobs: 1,
    });
    return {
      listWorkers: async () => ({ workers: [worker('worker-1')], brakes: this.brakes }),
      drainWorker: async ({ workerId, undo }) => {
        if (workerId !== 'worker-1') throw new MaridError('NOT_FOUND', `There is no worker ${workerId}.`);
        if (undo) this.draining.delete(workerId);
        else this.draining.add(workerId);
        return { worker: worker(workerId) };
      },
      releaseWorkers: async ({ pool }) => ({ workers: pool === 'default' ? [worker('worker-1')] : [] }),
      listLeaderTasks: async () => ({
        leader: 'cp-1',
        term: 3n,
        tasks: [{ name: 're-offer', lastOutcome: '2 offers' }],
      }),
      runLeaderTask: async ({ name }) => {
        if (name === 'broken') return { task: { name, lastOutcome: 'no disk' }, completed: true };
        const done = { name, lastOutcome: '2 offers', lastRunSucceeded: true };
        return { task: done, completed: name !== 'slow' };
      },
      pauseLeaderTask: async ({ name, undo }) => ({
        task: { name, state: undo ? LeaderTaskState.SCHEDULED : LeaderTaskState.PAUSED },
      }),
      getUsage: async () => ({
        usage: [{ user: 'ada', pool: 'default', activeJobs: 3n, waitingJobs: 1n, memoryMb: 200n }],
      }),
      getServerInfo: async () => ({ version: '9.9.9', instanceId: 'cp-1', engines: { store: 'memory' } }),
    };
  }
}
