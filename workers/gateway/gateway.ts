/**
 * The worker's services, wired: what reads, claims, runs and reports. Ports come from `main.ts`.
 *
 * States: made -> running (`start`) -> draining (`stop`: nothing new is claimed, running jobs are waited for) -> stopped. Jobs that still run
 * then go on under the launcher, and the next process of this state folder takes them over.
 */
import { MemoryBudget } from '../../core/dispatch/budget.js';
import { attemptKey } from '../../core/job/attempt-key.js';
import { isMaridError, type MaridError } from '../../core/errors/marid-error.js';
import type { AttemptReference, JobSpecification } from '../../core/job/job.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Logger } from '../../core/ports/logger.js';
import type { Random } from '../../core/ports/random.js';
import type { TopicLog } from '../../core/ports/topic-log.js';
import type { WorkerNodeService } from '../../proto/gen/marid/v1/worker_node_service_pb.js';
import type { WorkerService } from '../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceClient, ServiceHandlers } from '../../proto/rpc/service.js';
import type { BlobStore } from '../../core/ports/blob-store.js';
import { Archiver } from './archive/archiver.js';
import { Adoption } from './attempts/adoption.js';
import type { Attempt, AttemptFacts } from './attempts/attempt.js';
import { AttemptReporter } from './attempts/attempt-reporter.js';
import { AttemptRunner } from './attempts/attempt-runner.js';
import { EventOutbox } from './attempts/event-outbox.js';
import { FolderWatch } from './attempts/folder-watch.js';
import { HeldAttempts } from './attempts/held-attempts.js';
import type { LauncherLink } from './attempts/launcher-link.js';
import { ClaimGate } from './claiming/claim-gate.js';
import { Claimer } from './claiming/claimer.js';
import { NextPuller } from './claiming/next-puller.js';
import { OfferReader } from './claiming/offer-reader.js';
import type { WorkerConfig } from './config.js';
import { FolderSweep } from './folder-sweep.js';
import type { WorkerIdentity } from './identity.js';
import { dueFileOf, jobsFolderOf } from './jobs-folder.js';
import { defaultMemoryMb, hostName, programVersion } from './machine.js';
import { createNodeHandlers } from './node/handlers.js';
import { OutputTimes } from './output/output-times.js';
import { Beats } from './session/beats.js';
import { ControlPlaneSession } from './session/control-plane-session.js';
import { LeaseKeeper } from './session/lease-keeper.js';
import type { Preparation } from './staging/stages.js';

/** How long a stopping worker waits for the control plane and the log, in milliseconds. */
const FLUSH_MS = 5_000;
/** The same when it is asked for haste: what was not said, the next process says from the launcher's records. */
const HASTY_FLUSH_MS = 250;

/** Options of `Gateway`. */
export interface GatewayOptions {
  /** With an absolute state folder. */
  readonly config: WorkerConfig;
  readonly identity: WorkerIdentity;
  readonly launcher: LauncherLink;
  readonly client: ServiceClient<typeof WorkerService>;
  readonly log: TopicLog;
  readonly preparation: Preparation;
  /** Whether it reads offers; an agent, which has a pool of its own, only asks. Default: true. */
  readonly readsOffers?: boolean;
  /** The blob store, opened by the first call. Default: there is none, and nothing is archived. */
  readonly blobs?: () => Promise<BlobStore>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class Gateway {
  /** What the worker serves. */
  readonly handlers: ServiceHandlers<typeof WorkerNodeService>;
  /** Resolves when another process has taken this worker's place, with what to do: this one is to `stop` in haste. */
  readonly superseded: Promise<MaridError>;
  readonly #options: GatewayOptions;
  readonly #budget: MemoryBudget;
  readonly #held: HeldAttempts;
  readonly #gate = new ClaimGate();
  readonly #outbox: EventOutbox;
  readonly #archiver: Archiver;
  readonly #reporter: AttemptReporter;
  readonly #times: OutputTimes;
  readonly #runner: AttemptRunner;
  readonly #adoption: Adoption;
  readonly #lease: LeaseKeeper;
  readonly #claimer: Claimer;
  readonly #puller: NextPuller;
  readonly #reader: OfferReader;
  readonly #beats: Beats;
  readonly #folders: FolderWatch;
  readonly #sweep: FolderSweep;
  #session: ControlPlaneSession | null = null;
  #tellSuperseded: (why: MaridError) => void = () => undefined;
  #stopping: Promise<void> | null = null;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.superseded = new Promise((resolve) => (this.#tellSuperseded = resolve));
    const { config, identity, launcher, log, client, clock, random, logger, preparation } = options;
    const jobsFolder = jobsFolderOf(config.stateFolder);
    const budget = new MemoryBudget(config.memoryMb ?? defaultMemoryMb());
    const held = new HeldAttempts(clock);
    preparation.protect(() => new Set(held.all().flatMap(({ phase, uris }) => (phase === 'ended' ? [] : uris))));
    const holds = (jobId: string): boolean => held.ofJob(jobId).length > 0;
    const runs = (jobId: string): boolean => held.ofJob(jobId).some((attempt) => attempt.phase !== 'ended');
    const shared = { identity, client, launcher, log, budget, held, jobsFolder, clock, random, logger };
    this.#lease = new LeaseKeeper(shared);
    const claims = {
      ...shared,
      gate: this.#gate,
      lease: this.#lease,
      onRoom: () => this.#onRoom(),
      onRefused: () => this.#session?.refresh(),
    };
    this.#budget = budget;
    this.#held = held;
    this.#outbox = new EventOutbox(shared);
    this.#archiver = archiverOf(options, { ...shared, outbox: this.#outbox });
    const own = { outbox: this.#outbox, archiver: this.#archiver };
    this.#reporter = new AttemptReporter({ ...shared, ...own, onRoom: () => this.#onRoom() });
    const { killGraceMs, keepJobFoldersMs: keepMs, pool } = config;
    const stages = preparation.stages(launcher);
    const cleanUp = (attempt: Attempt): void => preparation.cleanUp(attempt);
    this.#times = new OutputTimes(shared);
    const attempts = { cleanUp, reporter: this.#reporter, times: this.#times };
    this.#runner = new AttemptRunner({ ...shared, ...attempts, killGraceMs, stages });
    const readFacts = (directory: string): Promise<AttemptFacts | null> => preparation.readFacts(directory);
    this.#adoption = new Adoption({ ...shared, session: identity.session, runner: this.#runner, readFacts });
    this.#claimer = new Claimer({ ...claims, onClaimed: (job, memoryKey) => this.#accept(job, memoryKey) });
    const mayClaim = (): boolean => this.#mayClaim() && this.#session?.reservedMb === null;
    const asks = { waitingMb: () => this.#puller.waitingMb, onWanted: () => this.#puller.wake() };
    this.#reader = new OfferReader({ ...shared, ...asks, pool, claimer: this.#claimer, mayClaim, runs });
    this.#puller = new NextPuller({
      ...claims,
      // Offers that were read and wait do not fit; others may, of which no offer will be read.
      isIdle: () => this.#claimer.size === 0,
      mayClaim: () => this.#mayClaim(),
      callsWait: () => this.#session?.claimNextWaits === true,
      reservedFor: () => this.#session?.reservedFor ?? null,
      onReservation: (reservation) => this.#session?.reserved(reservation),
      onRoom: () => this.#reader.pump(),
      onClaimed: (job) => this.#accept(job, attemptKey(job)),
    });
    this.#beats = new Beats({
      ...shared,
      lease: this.#lease,
      intervalMs: () => this.#session?.heartbeatMs ?? FLUSH_MS,
      isNeeded: () => this.#session?.needsBeats === true,
      beat: () => this.#beat(),
    });
    this.#folders = new FolderWatch({ ...shared, onHit: (attempt, hit) => this.#runner.endFor(attempt, hit) });
    const archives = (reference: AttemptReference): boolean => this.#archiver.holds(reference);
    this.#sweep = new FolderSweep({ ...shared, keepMs, holds, archives });
    this.handlers = createNodeHandlers({ ...shared, runner: this.#runner });
  }

  /** Adopts what the launcher holds, and starts everything; `address` is where the handlers are served. Registers in the background. */
  async start(address: string): Promise<void> {
    const { launcher } = this.#options;
    launcher.onExit((exit) => this.#adoption.exited(exit));
    launcher.onBroken(() => this.#puller.wake()); // it must not get jobs that cannot be started
    launcher.onReconnected(async () => {
      await this.#lease.tell();
      await this.#adoptAgain();
      this.#onRoom();
    });
    await this.#adoption.run();
    await this.#archiver.start();
    this.#session = this.#openSession(address);
    const reader = this.#options.readsOffers === false ? [] : [this.#reader];
    for (const service of [this.#session, ...reader, this.#puller, this.#beats, this.#folders, this.#sweep]) {
      await service.start();
    }
  }

  /** From a launcher that is new, or was lost for a moment. Nothing is left to do for a process that a later one has taken over from. */
  async #adoptAgain(): Promise<void> {
    try {
      await this.#adoption.run();
    } catch (error) {
      if (!isMaridError(error) || error.code !== 'STALE_SESSION') throw error;
      this.#lease.superseded = true;
    }
  }

  /**
   * Drains and stops; idempotent. When `haste` aborts, jobs that still run are left to the launcher at once. Resolves when every loop has ended.
   */
  stop(haste?: AbortSignal): Promise<void> {
    this.#stopping ??= this.#drain(haste);
    return this.#stopping;
  }

  async #drain(haste?: AbortSignal): Promise<void> {
    const { drainTimeoutMs } = this.#options.config;
    this.#options.logger.info({ attempts: this.#held.size, drainTimeoutMs }, 'worker drains');
    await this.#settled([this.#reader.stop(), this.#puller.stop(), this.#claimer.flush(FLUSH_MS)], haste);
    await this.#gate.close();
    await this.#claimer.stop();
    await this.#within(drainTimeoutMs, this.#held.whenEmpty(), haste);
    await this.#within(FLUSH_MS, this.#runner.abandonStaging());
    await this.#within(FLUSH_MS, this.#archiver.flush(), haste);
    await this.#settled([this.#archiver.stop()], haste);
    if (this.#held.size + this.#outbox.size > 0) await this.#settled([this.#outbox.flush(FLUSH_MS)], haste);
    await this.#session?.stop();
    if (this.#held.size === 0) await this.#session?.farewell();
    else this.#options.logger.info({ attempts: this.#held.size }, 'jobs go on without the worker');
    await this.#settled(
      [this.#times, this.#beats, this.#folders, this.#sweep, this.#outbox].map((service) => service.stop()),
      haste,
    );
  }

  /** Waits for work that needs others: they may be away, and what is still under way then ends with the log. */
  async #settled(work: readonly Promise<void>[], haste?: AbortSignal): Promise<void> {
    const all = Promise.all(work).then(() => undefined);
    await this.#within(FLUSH_MS, all, haste);
    if (haste?.aborted === true) await this.#within(HASTY_FLUSH_MS, all);
  }

  async #within(timeoutMs: number, event: Promise<void>, haste?: AbortSignal): Promise<void> {
    const giveUp = new AbortController();
    const given = haste === undefined ? giveUp.signal : AbortSignal.any([giveUp.signal, haste]);
    await Promise.race([event, this.#options.clock.sleep(timeoutMs, given)]);
    giveUp.abort();
  }

  #openSession(address: string): ControlPlaneSession {
    const { identity, config, client, clock, random, logger } = this.#options;
    const host = hostName();
    const facts = {
      pool: config.pool,
      host,
      address: advertised(config.advertise, address, host),
      version: programVersion(),
    };
    return new ControlPlaneSession({
      ...{ client, clock, random, logger, gate: this.#gate, lease: this.#lease },
      worker: { ...identity, ...facts, memoryBudgetMb: this.#budget.totalMb },
      memoryFreeMb: () => this.#freeMb,
      partitions: () => this.#reader.partitions,
      held: () => [...this.#held.references(), ...this.#reporter.repeating],
      recentlyHeld: () => [...this.#held.recentReferences(), ...this.#reporter.repeating],
      onKill: (reference) => this.#runner.kill(reference),
      onLost: (reference) => this.#runner.disown(reference),
      onRepeat: (reference) => this.#reporter.repeat(reference),
      onAway: () => this.#puller.wake(),
      onSuperseded: this.#tellSuperseded,
      onReady: () => {
        this.#outbox.open();
        this.#reader.pump();
        this.#beats.wake();
        if (this.#options.readsOffers === false || this.#session?.claimNextWaits === true) this.#puller.wake();
      },
    });
  }

  /** Memory that no job has, in MiB. */
  get #freeMb(): number {
    return this.#budget.freeMb + this.#puller.waitingMb;
  }

  #mayClaim(): boolean {
    return this.#session?.mayClaim === true && this.#stopping === null && this.#options.launcher.connected;
  }

  #onRoom(): void {
    this.#reader.pump();
    const reservedMb = this.#session?.reservedMb ?? null;
    if (reservedMb === null ? this.#puller.expectsMore : this.#freeMb >= reservedMb) this.#puller.wake();
    else this.#puller.roomChanged();
  }

  /** Takes a claimed job over. Its memory, perhaps reserved by its offer, is what its specification says, or it does not run here. */
  #accept(job: JobSpecification, memoryKey: string): void {
    if (this.#held.get(job) !== null) return;
    this.#budget.release(memoryKey);
    if (this.#budget.reserve(memoryKey, job.resolution.memoryMb)) this.#runner.accept(job, memoryKey);
    else this.#runner.giveBack(job);
  }

  #beat() {
    const { identity, config } = this.#options;
    return {
      ...identity,
      pool: config.pool,
      memoryFreeMb: this.#mayClaim() ? this.#freeMb : 0,
      held: this.#held.references(),
      partitions: this.#reader.partitions,
    };
  }
}

function archiverOf(
  { config, identity, blobs, clock, random, logger }: GatewayOptions,
  parts: { readonly jobsFolder: string; readonly outbox: EventOutbox },
): Archiver {
  const runtime = { clock, random, logger };
  return new Archiver({
    ...runtime,
    ...parts,
    policy: config,
    identity,
    blobs: blobs ?? null,
    dueFile: dueFileOf(config.stateFolder),
  });
}

/** The address that others can call: the configured one, port 0 being the real port; a server on all interfaces is reached by the host's name. */
function advertised(configured: string | null, address: string, host: string): string {
  if (configured !== null) return configured.replace(/:0$/, address.slice(address.lastIndexOf(':')));
  return address.replace(/^(0\.0\.0\.0|\[::\]|::)(?=:\d+$)/, host);
}
