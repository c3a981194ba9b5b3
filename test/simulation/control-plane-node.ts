/** A control plane of a simulation: the real one, over simulated ports. */
import { MaridError } from '../../core/errors/marid-error.js';
import { controlPlaneConfigSchema, type ControlPlaneConfig } from '../../services/control-plane/config.js';
import { ControlPlane } from '../../services/control-plane/control-plane.js';
import { JobService } from '../../proto/gen/marid/v1/job_service_pb.js';
import { WorkerNodeService } from '../../proto/gen/marid/v1/worker_node_service_pb.js';
import { WorkerService } from '../../proto/gen/marid/v1/worker_service_pb.js';
import { SimFleetStore } from './sim-fleet-store.js';
import { SimJobStore } from './sim-job-store.js';
import { SimJobSurvey } from './sim-job-survey.js';
import { SimLease } from './sim-lease.js';
import { simLogger, type LineSink } from './sim-logger.js';
import { SimProcess, type Skew } from './sim-process.js';
import { SimRegistryStore } from './sim-registry-store.js';
import { SimUserSlotStore } from './sim-user-slot-store.js';
import { SimTopicLog } from './sim-topic-log.js';
import type { World } from './world.js';

/** After how long a control plane that could not start is started again, milliseconds. */
const START_AGAIN_MS = 1000;

/** What all control planes of a simulation are told. */
export type PlaneSettings = Pick<
  ControlPlaneConfig,
  'pools' | 'partitions' | 'leaseTtlMs' | 'heartbeatIntervalMs' | 'leaseGraceMs' | 'expiryWarmUpMs'
>;

/** Options of `ControlPlaneNode`. */
export interface ControlPlaneNodeOptions {
  readonly world: World;
  readonly name: string;
  readonly skewMs: number;
  readonly settings: PlaneSettings;
  readonly syncSuffices: boolean;
  readonly grants: boolean;
  /** Jobs in each of its caches: few, so that they are often forgotten. */
  readonly cacheSize: number;
  readonly sink: LineSink | null;
}

/** States: down, starting, serving at its address. `start` and `crash` change them. */
export class ControlPlaneNode {
  /** Of its host. */
  readonly skew: Skew;
  readonly #options: ControlPlaneNodeOptions;
  #process: SimProcess;
  #runs = 0;

  constructor(options: ControlPlaneNodeOptions) {
    this.#options = options;
    this.skew = { ms: options.skewMs };
    this.#process = this.#newProcess();
  }

  /** Where it serves. */
  get address(): string {
    return addressOf(this.#options.name);
  }

  /** Its present process. */
  get process(): SimProcess {
    return this.#process;
  }

  /** Starts a process. */
  start(): void {
    this.#process.crash();
    const process = this.#newProcess();
    this.#process = process;
    this.#serve(process).catch((error: unknown) => {
      this.#options.sink?.(`${process.name} could not start: ${String(error)}`);
      process.crash();
      this.#options.world.timeline.at(START_AGAIN_MS, () => {
        if (this.#process === process) this.start();
      });
    });
  }

  async #serve(process: SimProcess): Promise<void> {
    const { world, name, settings, cacheSize, syncSuffices, grants, sink } = this.#options;
    const random = world.chance(`${name} ${String(this.#runs)}`);
    const { store, network, broker } = world;
    const link = world.link(process, 'store');
    const plane = await ControlPlane.create({
      config: controlPlaneConfigSchema.parse({ ...settings, pools: [...settings.pools] }),
      runtime: { clock: process.clock, random, logger: simLogger(name, sink) },
      engines: {
        ...{ jobs: new SimJobStore(store, link), registry: new SimRegistryStore(store, link) },
        survey: new SimJobSurvey(store, link),
        userSlots: new SimUserSlotStore(store, link),
        fleet: new SimFleetStore(store, link),
        log: new SimTopicLog(broker, world.link(process, 'log')),
        lease: new SimLease(world.leases, world.link(process, 'lease'), process.clock),
        dial: (address) => ({ client: network.client(WorkerNodeService, process, [address]), close: () => undefined }),
        blobs: () => Promise.reject(new MaridError('UNAVAILABLE', 'There are no blobs.')),
        names: {},
      },
      version: 'simulated',
      cacheSize,
      syncSuffices,
      grants,
    });
    await plane.start();
    const { jobs, workers } = plane.handlers;
    network.serve(this.address, process, [
      [JobService, jobs],
      [WorkerService, workers],
    ]);
  }

  #newProcess(): SimProcess {
    const { name, world } = this.#options;
    this.#runs += 1;
    return new SimProcess({ name, timeline: world.timeline, skew: this.skew });
  }
}

/** The address of a node. */
export function addressOf(name: string): string {
  return `${name}:7070`;
}
