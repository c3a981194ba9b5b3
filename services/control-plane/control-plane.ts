/** What a control plane consists of, over whatever engines it is given. */
import type { RetryPolicy } from '../../core/job/retry.js';
import { selectorByName } from '../../core/matching/selectors.js';
import type { BlobStore } from '../../core/ports/blob-store.js';
import type { Clock } from '../../core/ports/clock.js';
import type { FleetStore } from '../../core/ports/fleet-store.js';
import type { JobStore } from '../../core/ports/job-store.js';
import type { JobSurvey } from '../../core/ports/job-survey.js';
import type { LeasePort } from '../../core/ports/lease-port.js';
import type { Logger } from '../../core/ports/logger.js';
import type { Random } from '../../core/ports/random.js';
import type { RegistryStore } from '../../core/ports/registry-store.js';
import type { Service } from '../../core/ports/service.js';
import type { UserSlotStore } from '../../core/ports/user-slot-store.js';
import type { StoredRecord, TopicLog } from '../../core/ports/topic-log.js';
import { TOPICS } from '../../core/fleet/topics.js';
import { createHandlers, type ControlPlaneHandlers } from './api/handlers.js';
import { archiveTasks } from './archive/archive-tasks.js';
import type { ControlPlaneConfig } from './config.js';
import { Offerer } from './dispatch/offerer.js';
import { Reservations } from './dispatch/reservations.js';
import { ReserveTask } from './dispatch/reserve-task.js';
import { ReOfferTask } from './dispatch/re-offer-task.js';
import { EventPublisher } from './events/event-publisher.js';
import { placeOfJobEvent } from './events/job-event.js';
import { PublishTask } from './events/publish-task.js';
import { AttemptReconciler } from './fleet/attempt-reconciler.js';
import { Claims } from './fleet/claims.js';
import { Heartbeats } from './fleet/heartbeats.js';
import { KillDelivery } from './fleet/kill-delivery.js';
import { LeaseExpiryTask } from './fleet/lease-expiry-task.js';
import { NodeDirectory, type Dial } from './fleet/node-directory.js';
import { SessionExpiry } from './fleet/session-expiry.js';
import { SilentWorkers } from './fleet/silent-workers.js';
import { RenewalByLog } from './fleet/renewal-by-log.js';
import { WorkerDirectory } from './fleet/worker-directory.js';
import { TickTask } from './fleet/tick-task.js';
import { WorkerSessions } from './fleet/worker-sessions.js';
import { ActiveJobs } from './jobs/active-jobs.js';
import { JobRepository, type JobChange } from './jobs/job-repository.js';
import { JobSignals } from './jobs/job-signals.js';
import { LoadKeeper } from './jobs/load-keeper.js';
import { UsageGauges, UsageTask } from './jobs/usage-gauges.js';
import { Leader } from './leader/leader.js';
import { DeadlinesTask } from './leader/deadlines-task.js';
import type { LeaderTask } from './leader/leader-task.js';
import { RetentionTask } from './leader/retention-task.js';
import { deadlinePolicyOf, taskSettingsOf } from './leader-config.js';
import { UserLimits } from './quota/user-limits.js';
import { UserLimitsTask } from './quota/user-limits-task.js';
import { Projector } from './projection/projector.js';
import { CleanUpTask } from './registry/clean-up-task.js';
import { RegistryKeeper } from './registry/registry-keeper.js';
import { Admission } from './submit/admission.js';
import { Matcher } from './submit/matcher.js';
import { Submitter } from './submit/submitter.js';
import { TopicReader } from './topic-reader.js';
import { partitionsOf, TopicKeeper } from './topics.js';

/** Rests before the second, third, ... attempt of a job. */
const RETRY_BACK_OFF_MS = [1000, 5000, 30_000] as const;

/** Time, chance and log of a process. */
export interface ControlPlaneRuntime {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The engines underneath; their owner opens and closes them. */
export interface Engines {
  readonly jobs: JobStore;
  readonly survey: JobSurvey;
  readonly registry: RegistryStore;
  readonly fleet: FleetStore;
  readonly userSlots: UserSlotStore;
  readonly log: TopicLog;
  readonly lease: LeasePort;
  /** The blob store, opened by the first call. */
  readonly blobs: () => Promise<BlobStore>;
  /** Connects to workers. */
  readonly dial: Dial;
  /** Product by port, for people. */
  readonly names: Readonly<Record<string, string>>;
}

/** Options of `ControlPlane.create`. */
export interface ControlPlaneOptions {
  readonly config: ControlPlaneConfig;
  readonly runtime: ControlPlaneRuntime;
  readonly engines: Engines;
  /** Version of the program. */
  readonly version: string;
  /** Jobs that each of its caches keeps in memory. Default: each its own number. */
  readonly cacheSize?: number;
}

/**
 * States: created; started (`start`: what others rest on first); stopped (`stop`, in the opposite order: no new decisions, then what was decided is
 * published). Requests are served by whoever binds `handlers`, between the two.
 */
export class ControlPlane implements Service {
  readonly handlers: ControlPlaneHandlers;
  private readonly services: readonly Service[];

  private constructor(options: ControlPlaneOptions, topics: TopicKeeper) {
    const parts = assemble(options, topics);
    this.services = parts.services;
    this.handlers = parts.handlers;
  }

  /** Makes sure of the topics and puts the parts together. */
  static async create(options: ControlPlaneOptions): Promise<ControlPlane> {
    const { config, engines, runtime } = options;
    return new ControlPlane(options, await TopicKeeper.open({ ...config, ...runtime, log: engines.log }));
  }

  async start(): Promise<void> {
    for (const service of this.services) await service.start();
  }

  async stop(): Promise<void> {
    for (const service of [...this.services].reverse()) await service.stop();
  }
}

interface Parts {
  readonly services: readonly Service[];
  readonly handlers: ControlPlaneHandlers;
}

function assemble(options: ControlPlaneOptions, topics: TopicKeeper): Parts {
  const { config, runtime, engines } = options;
  const { clock, random, logger } = runtime;
  const instanceId = random.id();
  const retry = { maxInfrastructureFailures: config.maxInfrastructureFailures, backoffMs: RETRY_BACK_OFF_MS };

  const keeper = new RegistryKeeper({ store: engines.registry, clock, logger });
  const directory = new WorkerDirectory({ ...runtime, store: engines.fleet });
  const partitions = topics.counts;
  const changes = followChanges(options, topics);
  const { signals, publisher, active, limits, jobs } = changes;
  const targets = (pool: string): ReturnType<WorkerDirectory['targets']> => directory.targets(pool);
  const offerer = new Offerer({ log: engines.log, partitions, targets, random, logger });
  const heartbeatPartitions = (): number => partitionsOf(partitions, TOPICS.heartbeats);
  const projector = new Projector({ ...runtime, log: engines.log, jobs, retry, partitions });
  const heartbeats = new Heartbeats({ partitions: heartbeatPartitions });
  const term = (): number | null => leader.term;
  const fleet = assembleFleet(options, { directory, heartbeats, jobs, retry, projector, heartbeatPartitions, term });
  const submit = assembleSubmit(options, { keeper, directory, active, limits, jobs, offerer });
  const gauges = new UsageGauges({ survey: engines.survey, clock });
  const leader = new Leader({
    ...{ lease: engines.lease, store: engines.fleet, holder: instanceId, clock, logger },
    settings: taskSettingsOf(config),
    tasks: [
      ...assembleTasks(options, { keeper, jobs, kills: fleet.kills, retry, projector, gauges }),
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
      ...[fleet.nodes, fleet.kills, fleet.reconciler, projector],
      ...[...readOthers(options, { directory, heartbeats, projector, ...changes }), leader],
    ],
    handlers: createHandlers({
      ...{ config, runtime, engines, info, keeper, directory, signals, jobs, retry, leader, gauges },
      ...{ ...fleet, ...submit },
    }),
  };
}

/** Tasks of the leader that only sweep and count. */
function assembleTasks(
  options: ControlPlaneOptions,
  parts: {
    readonly keeper: RegistryKeeper;
    readonly jobs: JobRepository;
    readonly kills: KillDelivery;
    readonly retry: RetryPolicy;
    readonly projector: Projector;
    readonly gauges: UsageGauges;
  },
): readonly LeaderTask[] {
  const { config, runtime, engines } = options;
  const { keeper, projector, gauges } = parts;
  const { survey, fleet, registry } = engines;
  const caughtUp = (timeoutMs: number): Promise<boolean> => projector.caughtUp(timeoutMs);
  const policy = deadlinePolicyOf(config);
  const restMs = 2 * config.leaseTtlMs;
  const { unusedRegistryMs: unusedMs } = config;
  return [
    new DeadlinesTask({ ...runtime, ...parts, survey, policy, restMs, caughtUp }),
    new RetentionTask({ ...config, jobs: engines.jobs, survey, fleet, clock: runtime.clock }),
    new CleanUpTask({ ...runtime, store: registry, keeper, jobs: engines.jobs, unusedMs }),
    new UsageTask(gauges),
    ...archiveTasks(options, parts.jobs),
  ];
}

/** What follows every committed change: load, limits, publication, signals. */
function followChanges({ config, engines, runtime, cacheSize }: ControlPlaneOptions, topics: TopicKeeper) {
  const cache = cacheSize === undefined ? {} : { cacheSize };
  const signals = new JobSignals();
  const active = new ActiveJobs();
  const publisher = new EventPublisher({
    ...{ log: engines.log, store: engines.jobs, source: '/marid/control-plane' },
    ...{ partitions: topics.counts, clock: runtime.clock, logger: runtime.logger },
    ...cache,
  });
  const limits = new UserLimits({
    ...{ store: engines.userSlots, jobs: engines.jobs, ...runtime },
    ...{ perUser: config.maxActiveJobsPerUser, byUser: config.maxActiveJobsByUser },
  });
  const onCommitted = (change: JobChange): void => {
    active.committed(change);
    limits.committed(change);
    if (change.after.history.length > (change.before?.history.length ?? 0)) publisher.publish(change.after);
    signals.changed(change.after.id, change.after.history.at(-1)?.sequence ?? 0);
  };
  const jobs = new JobRepository({ store: engines.jobs, onCommitted, ...cache });
  return { signals, active, limits, publisher, jobs };
}

function assembleFleet(
  { config, engines, runtime }: ControlPlaneOptions,
  parts: {
    readonly directory: WorkerDirectory;
    readonly heartbeats: Heartbeats;
    readonly jobs: JobRepository;
    readonly retry: RetryPolicy;
    readonly projector: Projector;
    readonly heartbeatPartitions: () => number;
    readonly term: () => number | null;
  },
) {
  const { clock, logger } = runtime;
  const { directory, heartbeats, jobs, retry, projector, heartbeatPartitions: partitions, term } = parts;
  const nodes = new NodeDirectory({ directory, dial: engines.dial, logger });
  const kills = new KillDelivery({ nodes, logger });
  const caughtUp = (timeoutMs: number): Promise<boolean> => projector.caughtUp(timeoutMs);
  const reconciler = new AttemptReconciler({ store: engines.jobs, jobs, retry, caughtUp, clock, logger });
  const renewal = new RenewalByLog({ directory, log: engines.log, partitions, clock });
  const lost = { store: engines.jobs, fleet: engines.fleet, jobs, directory, retry, caughtUp };
  const expiry = new SessionExpiry({ ...lost, clock, logger });
  const { leaseTtlMs, leaseGraceMs: graceMs, expiryWarmUpMs: warmUpMs } = config;
  const sessions = new WorkerSessions({
    ...{ store: engines.fleet, directory, reconciler, renewal, expiry, leaseTtlMs, clock, logger },
  });
  const silent = new SilentWorkers({ directory, heartbeats, jobs: engines.jobs, clock });
  const expiryTask = new LeaseExpiryTask({
    ...{ directory, silent, expiry, caughtUp, term, leaseTtlMs, graceMs, warmUpMs, clock, logger },
    answers: (record) => nodes.answers(record),
  });
  const reservations = new Reservations({ store: engines.fleet, directory, jobs, clock });
  const claims = new Claims({ store: engines.jobs, jobs, sessions, reservations, clock });
  return { nodes, kills, reconciler, sessions, silent, expiryTask, reservations, claims };
}

/** What this control plane learns from the topics: beats of the workers, and what other control planes do. */
function readOthers(
  { engines, runtime }: ControlPlaneOptions,
  parts: {
    readonly directory: WorkerDirectory;
    readonly heartbeats: Heartbeats;
    readonly projector: Projector;
    readonly signals: JobSignals;
    readonly publisher: EventPublisher;
  },
): readonly Service[] {
  const { directory, heartbeats, projector, signals, publisher } = parts;
  const onHeartbeat = (record: StoredRecord): void => {
    heartbeats.take(record);
    directory.takeBeat(record);
    projector.takeAnswer(record);
  };
  const onJobEvent = (record: StoredRecord): void => {
    const place = placeOfJobEvent(record);
    if (place === null) return;
    signals.changed(place.jobId, place.sequence);
    publisher.seen(place.jobId, place.sequence);
  };
  const { log } = engines;
  return [
    new TopicReader({
      ...{ ...runtime, log, topic: TOPICS.heartbeats, onRecord: onHeartbeat },
      onBegin: () => {
        heartbeats.begin();
      },
    }),
    new TopicReader({ ...runtime, log, topic: TOPICS.jobEvents, onRecord: onJobEvent }),
  ];
}

function assembleSubmit(
  { config, runtime }: ControlPlaneOptions,
  parts: {
    readonly keeper: RegistryKeeper;
    readonly directory: WorkerDirectory;
    readonly active: ActiveJobs;
    readonly limits: UserLimits;
    readonly jobs: JobRepository;
    readonly offerer: Offerer;
  },
) {
  const { clock, random } = runtime;
  const { keeper, directory, active, limits, jobs, offerer } = parts;
  const matcher = new Matcher({
    ...{ keeper, load: active, random },
    defaults: { memoryMb: config.defaultMemoryMb, timeoutMs: config.defaultTimeoutMs },
    commandSelector: selectorByName(config.commandSelector),
    clusterSelector: selectorByName(config.clusterSelector),
  });
  const largestBudgetMb = (pool: string): number | null => directory.largestBudgetMb(pool);
  const admission = new Admission({ pools: config.pools, maxMemoryMb: config.maxMemoryMb, largestBudgetMb });
  const { offerAfterMs } = config;
  return {
    matcher,
    admission,
    submitter: new Submitter({ jobs, admission, limits, matcher, offerer, offerAfterMs, clock, random }),
  };
}
