/**
 * Reads the offers of the pool: those that fit are claimed at once, others wait in the look-ahead for a few seconds and are then declined. An
 * offer's offset is committed when it and all before it are settled.
 *
 * States: apart (joining the group, with back-off) -> reading <-> paused (the look-ahead is full, or nothing may be claimed) -> apart when the subscription breaks; stopped.
 */
import type { MemoryBudget } from '../../../core/dispatch/budget.js';
import { LookAhead } from '../../../core/dispatch/look-ahead.js';
import { OffsetTracker } from '../../../core/dispatch/offset-tracker.js';
import { jobTopic } from '../../../core/fleet/topics.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { Service } from '../../../core/ports/service.js';
import type { LogSubscription, StoredRecord, TopicLog, TopicPartition } from '../../../core/ports/topic-log.js';
import { decodeOffer } from '../../../proto/codec/offer.js';
import { backoffMs } from '../backoff.js';
import type { Claimer } from './claimer.js';
import { OffsetCommitter } from './offset-committer.js';

const LOOK_AHEAD = { capacity: 64, maxAgeMs: 5_000 };
/** How often the look-ahead is searched for offers that have waited too long. */
const EXPIRY_CHECK_MS = 1_000;
const FIRST_RETRY_MS = 250;
const MOST_RETRY_MS = 5_000;

/** Options of `OfferReader`. */
export interface OfferReaderOptions {
  readonly log: TopicLog;
  readonly pool: string;
  readonly budget: MemoryBudget;
  readonly claimer: Claimer;
  /** Whether the worker may claim at all. */
  readonly mayClaim: () => boolean;
  /** Memory that a call for waiting jobs keeps, in MiB. */
  readonly waitingMb: () => number;
  /** Called when an offer would fit into that. */
  readonly onWanted: () => void;
  /** Whether an attempt of the job is prepared or runs here. */
  readonly runs: (jobId: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class OfferReader implements Service {
  readonly #options: OfferReaderOptions;
  readonly #topic: string;
  readonly #stop = new AbortController();
  readonly #lookAhead = new LookAhead<StoredRecord>(LOOK_AHEAD);
  readonly #tracker = new OffsetTracker();
  readonly #committer: OffsetCommitter;
  /** Read but not yet in the look-ahead. */
  #inbox: { readonly record: StoredRecord; readonly at: number }[] = [];
  #subscription: LogSubscription | null = null;
  #partitions: readonly number[] = [];
  #paused = false;
  #running: Promise<void> | null = null;
  #broken: (error: Error) => void = () => undefined;
  #cancelExpiry: (() => void) | null = null;

  constructor(options: OfferReaderOptions) {
    this.#options = options;
    this.#topic = jobTopic(options.pool);
    const { clock, logger } = options;
    this.#committer = new OffsetCommitter({ tracker: this.#tracker, clock, logger });
  }

  /** Offers that wait for room. */
  get size(): number {
    return this.#lookAhead.size + this.#inbox.length;
  }

  /** Partitions of the pool's topic that it reads. */
  get partitions(): readonly number[] {
    return this.#partitions;
  }

  async start(): Promise<void> {
    if (!this.#stop.signal.aborted) this.#running ??= this.#run();
  }

  /** Leaves the group. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#broken(new Error('stopped'));
    await this.#running;
    this.#cancelExpiry?.();
  }

  /** Claims what fits now: called when offers, memory or the right to claim have come. */
  pump(): void {
    const { budget, clock, mayClaim } = this.#options;
    if (this.#stop.signal.aborted) return;
    this.#fill();
    for (const entry of this.#lookAhead.takeExpired(clock.monotonic())) this.#settle(entry.payload);
    for (let room = mayClaim(); room;) {
      const entry = this.#lookAhead.takeFitting(budget.freeMb);
      room = entry !== null;
      if (entry !== null) this.#claim(entry.jobId, entry.memoryMb, entry.payload);
      if (this.#inbox.length > 0) this.#fill();
    }
    if (this.#lookAhead.size > 0 && mayClaim()) this.#ask();
    this.#steer();
    this.#armExpiry();
  }

  #ask(): void {
    const { budget, waitingMb, onWanted } = this.#options;
    const keptMb = waitingMb();
    if (keptMb > 0 && this.#lookAhead.fits(budget.freeMb + keptMb)) onWanted();
  }

  #claim(jobId: string, memoryMb: number, record: StoredRecord): void {
    const { claimer, runs } = this.#options;
    const settled = (): void => this.#settle(record);
    if (runs(jobId) || claimer.isClaiming(jobId) || !claimer.claim({ jobId, memoryMb, settled })) settled();
  }

  /** Moves offers into the look-ahead; those that can never be taken are declined. */
  #fill(): void {
    let taken = 0;
    for (const { record, at } of this.#inbox) {
      if (this.#lookAhead.full) break;
      taken += 1;
      const offer = decodeOffer(record.value);
      const possible = offer !== null && offer.memoryMb <= this.#options.budget.totalMb;
      if (!possible || !this.#lookAhead.add({ ...offer, payload: record }, at)) this.#settle(record);
    }
    this.#inbox = taken === 0 ? this.#inbox : this.#inbox.slice(taken);
  }

  #settle(record: StoredRecord): void {
    this.#tracker.settle(record, record.offset);
    this.#committer.schedule();
  }

  #steer(): void {
    const may = this.#options.mayClaim();
    const full = !may || this.#lookAhead.full || this.#inbox.length > 0;
    const roomy = may && this.#lookAhead.size <= LOOK_AHEAD.capacity / 2 && this.#inbox.length === 0;
    if (this.#paused ? !roomy : !full) return;
    this.#paused = !this.#paused;
    const topics = [this.#topic];
    if (this.#paused) this.#subscription?.pause({ topics });
    else this.#subscription?.resume({ topics });
  }

  #armExpiry(): void {
    if (this.size === 0 || this.#cancelExpiry !== null) return;
    this.#cancelExpiry = this.#options.clock.after(EXPIRY_CHECK_MS, () => {
      this.#cancelExpiry = null;
      this.pump();
    });
  }

  async #run(): Promise<void> {
    const { clock, random, logger } = this.#options;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted;) {
      const broken = new Promise<Error>((resolve) => (this.#broken = resolve));
      try {
        this.#subscription = await this.#subscribe();
        this.#committer.use(this.#subscription);
        failures = 0;
        const error = signal.aborted ? null : await broken;
        if (!signal.aborted) logger.warn({ error }, 'the subscription to offers broke; joining again');
        await this.#leave();
      } catch (error) {
        logger.warn({ error }, 'offers cannot be read; waiting jobs are asked for instead');
      }
      failures += 1;
      await clock.sleep(backoffMs({ failures, firstMs: FIRST_RETRY_MS, mostMs: MOST_RETRY_MS, random }), signal);
    }
  }

  #subscribe(): Promise<LogSubscription> {
    const { log, pool, clock } = this.#options;
    this.#paused = false;
    return log.subscribe({
      topics: [this.#topic],
      start: { kind: 'group', group: `marid.workers.${pool}` },
      onRecords: (records) => {
        const at = clock.monotonic();
        for (const record of records) {
          this.#tracker.track(record, record.offset);
          this.#inbox.push({ record, at });
        }
        this.pump();
      },
      onAssignment: (partitions) => this.#assigned(partitions),
      onBroken: (error) => this.#broken(error),
    });
  }

  #assigned(partitions: readonly TopicPartition[]): void {
    this.#tracker.retain(partitions);
    this.#partitions = partitions.map((each) => each.partition);
  }

  async #leave(): Promise<void> {
    const subscription = this.#subscription;
    await this.#committer.release();
    this.#subscription = null;
    this.#partitions = [];
    await subscription?.close();
  }
}
