/** What a control plane consists of, over whatever engines it is given. */
import { TOPICS } from '../../core/fleet/topics.js';
import type { Service } from '../../core/ports/service.js';
import { createHandlers, type ControlPlaneHandlers } from './api/handlers.js';
import type { IdleWorkers } from './dispatch/idle-workers.js';
import { Offerer } from './dispatch/offerer.js';
import { ReOfferTask } from './dispatch/re-offer-task.js';
import { ReserveTask } from './dispatch/reserve-task.js';
import { PublishTask } from './events/publish-task.js';
import { Heartbeats } from './fleet/heartbeats.js';
import { TickTask } from './fleet/tick-task.js';
import { WorkerDirectory } from './fleet/worker-directory.js';
import { LoadKeeper } from './jobs/load-keeper.js';
import { UsageGauges } from './jobs/usage-gauges.js';
import { taskSettingsOf } from './leader-config.js';
import { Leader } from './leader/leader.js';
import { ControlPlaneMetrics } from './metrics/control-plane-metrics.js';
import { Projector } from './projection/projector.js';
import { UserLimitsTask } from './quota/user-limits-task.js';
import { RegistryKeeper } from './registry/registry-keeper.js';
import { partitionsOf, TopicKeeper } from './topics.js';
import type { ControlPlaneOptions } from './options.js';
import { assembleFleet } from './assembly/assemble-fleet.js';
import { assembleSubmit } from './assembly/assemble-submit.js';
import { assembleTasks } from './assembly/assemble-tasks.js';
import { followChanges } from './assembly/follow-changes.js';
import { readOthers } from './assembly/read-others.js';

/** Rests before the second, third, ... attempt of a job. */
const RETRY_BACK_OFF_MS = [1000, 5000, 30_000] as const;

/**
 * States: created; started (`start`: what others rest on first); stopped (`stop`, in the opposite order: no new decisions, then what was decided is
 * published). Requests are served by whoever binds `handlers`, between the two.
 */
export class ControlPlane implements Service {
  readonly handlers: ControlPlaneHandlers;
  /** What it measures. */
  readonly metrics: ControlPlaneMetrics;
  private readonly services: readonly Service[];
  private readonly idleWorkers: IdleWorkers;

  private constructor(options: ControlPlaneOptions, topics: TopicKeeper) {
    const parts = assemble(options, topics);
    this.services = parts.services;
    this.idleWorkers = parts.idleWorkers;
    this.handlers = parts.handlers;
    this.metrics = parts.metrics;
  }

  /** Makes sure of the topics and puts the parts together. */
  static async create(options: ControlPlaneOptions): Promise<ControlPlane> {
    const { config, engines, runtime } = options;
    const { log, oneDatabase = false } = engines;
    return new ControlPlane(options, await TopicKeeper.open({ ...config, ...runtime, log, oneDatabase }));
  }

  async start(): Promise<void> {
    for (const service of this.services) await service.start();
  }

  /** Ends the calls that are held for workers, before their server stops: it waits for calls under way. */
  endCalls(): void {
    this.idleWorkers.endCalls();
  }

  async stop(): Promise<void> {
    for (const service of [...this.services].reverse()) await service.stop();
  }
}

interface Parts {
  readonly services: readonly Service[];
  readonly idleWorkers: IdleWorkers;
  readonly handlers: ControlPlaneHandlers;
  readonly metrics: ControlPlaneMetrics;
}

function assemble(options: ControlPlaneOptions, topics: TopicKeeper): Parts {
  const { config, runtime, engines } = options;
  const { clock, random, logger } = runtime;
  const instanceId = random.id();
  const retry = { maxInfrastructureFailures: config.maxInfrastructureFailures, backoffMs: RETRY_BACK_OFF_MS };

  const keeper = new RegistryKeeper({ store: engines.registry, clock, logger });
  const { alone = false } = engines;
  const directory = new WorkerDirectory({ ...runtime, store: engines.fleet, alone });
  const partitions = topics.counts;
  const changes = followChanges(options, topics);
  const { signals, publisher, active, delays, limits, jobs } = changes;
  const targets = (pool: string): ReturnType<WorkerDirectory['targets']> => directory.targets(pool);
  const heartbeatPartitions = (): number => partitionsOf(partitions, TOPICS.heartbeats);
  const projector = new Projector({ ...runtime, log: engines.log, jobs, retry, partitions });
  const caughtUp = (timeoutMs: number): Promise<boolean> => projector.caughtUp(timeoutMs);
  const heartbeats = new Heartbeats({ partitions: heartbeatPartitions });
  const term = (): number | null => leader.term;
  const fleet = assembleFleet(options, { directory, heartbeats, jobs, retry, caughtUp, heartbeatPartitions, term });
  const { grants } = fleet;
  const offerer = new Offerer({ log: engines.log, partitions, targets, grants, random, logger });
  const submit = assembleSubmit(options, { keeper, directory, active, limits, jobs, offerer, grants });
  const gauges = new UsageGauges({ survey: engines.survey, clock });
  const leader = new Leader({
    ...{ lease: engines.lease, store: engines.fleet, holder: instanceId, clock, logger },
    settings: taskSettingsOf(config),
    tasks: [
      ...assembleTasks(options, { keeper, jobs, kills: fleet.kills, retry, caughtUp, gauges }),
      new ReOfferTask({ store: engines.jobs, jobs, offerer, clock }),
      new ReserveTask({
        ...{ store: engines.jobs, directory, reservations: fleet.reservations, clock },
        policy: { afterMs: config.reserveAfterMs, afterOffers: config.reserveAfterOffers },
      }),
      new PublishTask({ store: engines.jobs, publisher, clock }),
      new UserLimitsTask({ jobs: engines.jobs, store: engines.userSlots, limits }),
      new TickTask({ log: engines.log, partitions: heartbeatPartitions, leaseTtlMs: config.leaseTtlMs }),
      fleet.expiryTask,
    ],
  });
  const load = new LoadKeeper({ ...runtime, active, keeper, store: engines.jobs, selector: config.clusterSelector });
  const info = { version: options.version, instanceId, engines: engines.names };
  return {
    services: [
      ...[topics, keeper, load, publisher, limits, offerer, directory],
      ...[fleet.nodes, fleet.kills, fleet.reconciler, projector, fleet.idleWorkers],
      ...[...readOthers(options, { directory, heartbeats, projector, ...changes }), leader],
    ],
    idleWorkers: fleet.idleWorkers,
    handlers: createHandlers({
      syncSuffices: options.syncSuffices ?? alone,
      ...{ config, runtime, engines, info, keeper, directory, signals, jobs, retry, leader, gauges },
      ...{ ...fleet, ...submit },
    }),
    metrics: new ControlPlaneMetrics({ ...fleet, gauges, directory, leader, projector, delays, ...options }),
  };
}
