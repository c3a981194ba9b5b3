/** A host of a simulation with its launcher and its worker: the real gateway, over simulated ports. */
import { LauncherLink } from '../../workers/gateway/attempts/launcher-link.js';
import type { AttemptFacts } from '../../workers/gateway/attempts/attempt.js';
import { workerConfigSchema } from '../../workers/gateway/config.js';
import { Gateway } from '../../workers/gateway/gateway.js';
import { planStage } from '../../workers/gateway/staging/plan-stage.js';
import type { Preparation } from '../../workers/gateway/staging/stages.js';
import type { Stage } from '../../workers/gateway/staging/staging.js';
import { startStage } from '../../workers/gateway/staging/start-stage.js';
import { WorkerNodeService } from '../../proto/gen/marid/v1/worker_node_service_pb.js';
import { WorkerService } from '../../proto/gen/marid/v1/worker_service_pb.js';
import { addressOf } from './control-plane-node.js';
import { SimLauncher } from './sim-launcher.js';
import { simLogger, type LineSink } from './sim-logger.js';
import { SimClock, SimProcess, type Skew } from './sim-process.js';
import { SimTopicLog } from './sim-topic-log.js';
import type { World } from './world.js';

/** Longest preparation of an attempt, milliseconds. */
const STAGING_MS = 400;
const KILL_GRACE_MS = 1000;

/** Options of `WorkerNode`. */
export interface WorkerNodeOptions {
  readonly world: World;
  readonly name: string;
  readonly pool: string;
  readonly memoryMb: number;
  readonly skewMs: number;
  /** Addresses of the control planes. */
  readonly planes: readonly string[];
  readonly sink: LineSink | null;
}

/** What of an attempt is kept on the host's disk. */
export type KeptFacts = Map<string, AttemptFacts>;

/**
 * The host is up or lost; its worker is running or not. `start` starts a worker on the state that the last one has left, `crash` ends it alone, `lose` ends everything
 * that runs on the host.
 */
export class WorkerNode {
  readonly launcher: SimLauncher;
  /** Of the host. */
  readonly skew: Skew;
  readonly #options: WorkerNodeOptions;
  readonly #facts: KeptFacts = new Map();
  #process: SimProcess;
  #gateway: Gateway | null = null;
  readonly #processes = new Set<SimProcess>();
  #runs = 0;
  #startedAt: number | null = null;
  #gone = false;
  #lastSession = 0;

  constructor(options: WorkerNodeOptions) {
    this.#options = options;
    const { world, name, skewMs } = options;
    const { timeline, history } = world;
    this.skew = { ms: skewMs };
    const clock = new SimClock(timeline, this.skew);
    this.launcher = new SimLauncher({ host: name, timeline, clock, history, random: world.chance(`launcher ${name}`) });
    this.#process = this.#newProcess();
  }

  /** Whether the host is lost for ever. */
  get gone(): boolean {
    return this.#gone;
  }

  get name(): string {
    return this.#options.name;
  }

  get pool(): string {
    return this.#options.pool;
  }

  get memoryMb(): number {
    return this.#options.memoryMb;
  }

  /** Its present worker process. */
  get process(): SimProcess {
    return this.#process;
  }

  /** Its present worker; `null` before the first. */
  get gateway(): Gateway | null {
    return this.#gateway;
  }

  /** Starts a worker in the place of the last one, unless that is just being started. */
  start(): void {
    if (this.#startedAt === this.#options.world.timeline.now) return;
    this.#process.crash();
    this.startBeside();
  }

  /** Starts a worker and leaves the last one alone. */
  startBeside(): void {
    if (this.#gone) return;
    this.#startedAt = this.#options.world.timeline.now;
    this.#process = this.#newProcess();
    this.#serve(this.#process).catch((error: unknown) => {
      this.#options.world.history.record({ kind: 'defect', what: `worker ${this.name}: ${String(error)}` });
    });
  }

  /** Ends the host. */
  lose(): void {
    for (const process of this.#processes) process.crash();
    this.#processes.clear();
    this.launcher.lose();
  }

  /** Ends the host for ever. */
  destroy(): void {
    this.#gone = true;
    this.lose();
    this.#options.world.history.record({ kind: 'gone', host: this.name });
  }

  /** Asks the worker to end and to leave its jobs to its successor; the process ends by itself. */
  retire(): void {
    const [process, gateway] = [this.#process, this.#gateway];
    process.dispatch(() => void gateway?.stop(AbortSignal.abort()).then(() => process.crash()));
  }

  async #serve(process: SimProcess): Promise<void> {
    const { world, name, planes, sink, pool, memoryMb } = this.#options;
    const random = world.chance(`${name} ${String(this.#runs)}`);
    const runtime = { clock: process.clock, random, logger: simLogger(name, sink) };
    const connect = () => this.launcher.connect(process, random);
    const gateway = new Gateway({
      ...runtime,
      config: workerConfigSchema.parse({ stateFolder: `/${name}`, pool, memoryMb, killGraceMs: KILL_GRACE_MS }),
      identity: { workerId: name, session: `${String(this.#nextSession(process))}-${random.id()}` },
      launcher: await LauncherLink.connect({ connect, ...runtime }),
      client: world.network.client(WorkerService, process, planes),
      log: new SimTopicLog(world.broker, world.link(process, 'log')),
      preparation: this.#preparation(process),
    });
    this.#gateway = gateway;
    const address = addressOf(name);
    world.network.serve(address, process, [[WorkerNodeService, gateway.handlers]]);
    await gateway.start(address);
  }

  /** Sorts behind those before, as in `loadIdentity`. */
  #nextSession({ clock }: SimProcess): number {
    this.#lastSession = Math.max(this.#lastSession + 1, clock.now());
    return this.#lastSession;
  }

  /** The stages that matter, without files, and one that takes a while. */
  #preparation(process: SimProcess): Preparation {
    const random = this.#options.world.chance(`staging ${this.name} ${String(this.#runs)}`);
    const waiting: Stage = {
      name: 'waiting',
      run: ({ signal }) => process.clock.sleep(random.next() * STAGING_MS, signal),
    };
    const facts: Stage = {
      name: 'facts',
      run: async ({ attempt }) => void this.#facts.set(attempt.directory, attempt.facts),
    };
    return {
      stages: (launcher) => [planStage, waiting, facts, startStage(launcher, workerConfigSchema.parse({}))],
      readFacts: async (directory) => this.#facts.get(directory) ?? null,
      cleanUp: () => undefined,
      protect: () => undefined,
    };
  }

  #newProcess(): SimProcess {
    const { name, world } = this.#options;
    this.#runs += 1;
    const process = new SimProcess({ name, timeline: world.timeline, skew: this.skew });
    this.#processes.add(process);
    return process;
  }
}
