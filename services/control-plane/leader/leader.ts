/** One of several control planes leads: it alone runs the sweeps. */
import { setMaxListeners } from 'node:events';
import type { TaskRun } from '../../../core/fleet/worker-record.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { LeasePort } from '../../../core/ports/lease-port.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import type { LeaderTask, TaskSettings } from './leader-task.js';
import { TaskControls } from './task-controls.js';
import { TaskLoop } from './task-loop.js';
import { TaskRuns } from './task-runs.js';

const LEASE_NAME = 'marid.leader';
const LEASE_TTL_MS = 15_000;
/** Twice within the trust, so that one renewal may fail, and then soon again: Redis needs up to a second to fail. */
const RENEW_EVERY_MS = 4000;
const RENEW_AGAIN_MS = 1000;
const NO_SETTINGS: TaskSettings = { enabled: true, schedule: null };
/** Less than the TTL: a leader stops before another can begin, counted from the start of its last good renewal. */
const TRUST_MS = 10_000;

/** A leader that has not reached the store for this long lets others lead, who may; longer than a replica set needs for an election. */
const STORE_PATIENCE_MS = 20_000;

/** Options of `Leader`. */
export interface LeaderOptions {
  readonly lease: LeasePort;
  readonly store: FleetStore;
  readonly tasks: readonly LeaderTask[];
  /** What the configuration says about tasks, by name. Default: nothing. */
  readonly settings?: Readonly<Partial<Record<string, TaskSettings>>>;
  /** Identity of this process in the lease. */
  readonly holder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * States: following (new, or the lease is somebody else's, or could not be renewed in time), leading (the lease was renewed less than 10 s ago: every
 * task has its loop; it ends as well when the store was out of reach for 20 s), stopped (`stop`: the loops are drained, the lease given up). `renew`, the trust timer and `stop` change the state.
 */
export class Leader implements Service {
  readonly runs: TaskRuns;
  readonly controls: TaskControls;
  private readonly ended = new AbortController();
  private renewing: Promise<void> | null = null;
  private leading: AbortController | null = null;
  private loops: Promise<unknown> = Promise.resolve();
  private cancelTrust: (() => void) | null = null;
  private currentTerm = 0;
  private runsBefore: readonly TaskRun[] = [];

  constructor(private readonly options: LeaderOptions) {
    const { store, clock, logger } = options;
    this.runs = new TaskRuns({ store, clock, logger });
    this.controls = new TaskControls({ store, clock, logger });
  }

  /** Number of this process's current term as leader; `null` when it does not lead. */
  get term(): number | null {
    return this.leading === null ? null : this.currentTerm;
  }

  /** Identity of this process as leader. */
  get holder(): string {
    return this.options.holder;
  }

  /** What a leader does. */
  get tasks(): readonly LeaderTask[] {
    return this.options.tasks;
  }

  /** What the configuration says about a task. */
  settingsOf({ name }: LeaderTask): TaskSettings {
    return this.options.settings?.[name] ?? NO_SETTINGS;
  }

  async start(): Promise<void> {
    if (!this.ended.signal.aborted) this.renewing ??= this.keepRenewing(this.ended.signal);
  }

  async stop(): Promise<void> {
    this.ended.abort();
    await this.renewing;
    const led = this.leading !== null;
    this.stepDown();
    await this.loops;
    if (led) await this.giveUp();
  }

  private async keepRenewing(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let pauseMs = RENEW_EVERY_MS;
      try {
        await this.renew();
      } catch (error) {
        this.options.logger.warn({ error }, 'the lease of the leader could not be had or renewed');
        pauseMs = RENEW_AGAIN_MS;
      }
      await this.options.clock.sleep(pauseMs, signal);
    }
  }

  private async renew(): Promise<void> {
    const { lease, holder, clock } = this.options;
    if (this.leading === null)
      await this.controls.load(); // whoever cannot read the store leaves the lease to others
    else if (this.controls.ageMs > STORE_PATIENCE_MS) return this.letOthers();
    const asked = clock.monotonic();
    if (!(await lease.acquire({ name: LEASE_NAME, holder, ttlMs: LEASE_TTL_MS }))) {
      this.stepDown();
      return;
    }
    if (this.leading === null) await this.prepareTerm();
    const trustMs = asked + TRUST_MS - clock.monotonic();
    if (trustMs <= 0 || this.ended.signal.aborted) return;
    this.cancelTrust?.();
    this.cancelTrust = clock.after(trustMs, () => {
      this.stepDown();
    });
    if (this.leading === null) this.lead();
  }

  /** A new term, after the loops of the one before have ended, with what was asked and done before. */
  private async prepareTerm(): Promise<void> {
    await this.loops;
    try {
      await this.controls.load();
      this.runsBefore = await this.runs.list();
      this.currentTerm = await this.options.store.nextTerm({ name: LEASE_NAME });
    } catch (error) {
      await this.giveUp();
      throw error;
    }
  }

  private lead(): void {
    const { tasks, holder, logger } = this.options;
    const leading = new AbortController();
    setMaxListeners(0, leading.signal); // one for each task's pause; Node warns of more than ten
    this.leading = leading;
    logger.info({ holder, term: this.currentTerm }, 'this control plane leads');
    const loops = tasks.map((task) => this.loopOf(task).repeat(leading.signal));
    this.loops = Promise.all([this.controls.follow(leading.signal), ...loops]);
  }

  private loopOf(task: LeaderTask): TaskLoop {
    const { runs, controls } = this;
    const { clock, holder } = this.options;
    const stamp = { leader: holder, term: this.currentTerm };
    const before = this.runsBefore.find(({ name }) => name === task.name) ?? null;
    return new TaskLoop({ task, settings: this.settingsOf(task), runs, controls, stamp, before, clock });
  }

  private stepDown(): void {
    this.cancelTrust?.();
    this.cancelTrust = null;
    if (this.leading === null) return;
    this.leading.abort();
    this.leading = null;
    this.options.logger.info({ term: this.currentTerm }, 'this control plane does not lead any more');
  }

  /** The store is out of reach from here, and perhaps only from here. */
  private async letOthers(): Promise<void> {
    this.stepDown();
    await this.giveUp();
  }

  private async giveUp(): Promise<void> {
    try {
      await this.options.lease.release({ name: LEASE_NAME, holder: this.options.holder });
    } catch (error) {
      this.options.logger.warn({ error }, 'the lease of the leader was not given up; it runs out by itself');
    }
  }
}
