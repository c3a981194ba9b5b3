/** The group's subscription of the worker events: takes records in, commits what is settled, replaces itself when it breaks. */
import { OffsetTracker } from '../../../core/dispatch/offset-tracker.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import type { LogSubscription, StoredRecord, TopicLog } from '../../../core/ports/topic-log.js';
import { untilAborted } from '../until-aborted.js';

const RESUBSCRIBE_MS = 500;
/** Settled offsets are committed together; what a crash makes come again is dropped as stale. */
const COMMIT_AFTER_MS = 250;

/** Options of `EventIntake`. */
export interface EventIntakeOptions {
  readonly log: TopicLog;
  readonly topic: string;
  readonly group: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gets the records; only queues them. */
  readonly onRecords: (records: readonly StoredRecord[]) => void;
}

/** States: new; following (from `start`; a broken subscription is replaced); aside (`standAside`: others have the partitions) until `comeBack`; stopped (after a last commit). */
export class EventIntake implements Service {
  private readonly ended = new AbortController();
  private readonly tracker = new OffsetTracker();
  private following: Promise<void> | null = null;
  private subscription: LogSubscription | null = null;
  private committing: Promise<void> = Promise.resolve();
  private cancelCommit: (() => void) | null = null;
  private paused = false;
  /** Aborted by `comeBack`; `null` while following. */
  private aside: AbortController | null = null;
  private leaving = new AbortController();

  constructor(private readonly options: EventIntakeOptions) {}

  async start(): Promise<void> {
    if (!this.ended.signal.aborted) this.following ??= this.follow(this.ended.signal);
  }

  async stop(): Promise<void> {
    this.ended.abort();
    await this.following;
  }

  /** Leaves the group, so that others get the partitions, until `comeBack`. What is not settled goes to them. */
  standAside(): void {
    this.aside ??= new AbortController();
    this.leaving.abort();
  }

  /** Joins the group again. */
  comeBack(): void {
    this.aside?.abort();
    this.aside = null;
  }

  /** Notes that records need no further work; their offsets are committed soon. */
  settle(records: readonly StoredRecord[]): void {
    for (const record of records) this.tracker.settle(record, record.offset);
    this.cancelCommit ??= this.options.clock.after(COMMIT_AFTER_MS, () => {
      this.cancelCommit = null;
      this.committing = this.commit();
    });
  }

  /** Stops the flow, soon. */
  pause(): void {
    this.paused = true;
    this.subscription?.pause({ topics: [this.options.topic] });
  }

  /** Ends a pause. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.subscription?.resume({ topics: [this.options.topic] });
  }

  private async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.aside !== null) await untilAborted(signal, this.aside.signal);
      if (signal.aborted) return;
      try {
        await this.readUntilBroken(signal);
      } catch (error) {
        this.options.logger.warn({ error }, 'worker events cannot be read; trying again');
      }
      await this.options.clock.sleep(RESUBSCRIBE_MS, signal);
    }
  }

  private async readUntilBroken(signal: AbortSignal): Promise<void> {
    const { log, topic, group, logger } = this.options;
    const broken = new AbortController();
    this.leaving = new AbortController();
    const leaving = this.leaving.signal;
    this.subscription = await log.subscribe({
      topics: [topic],
      start: { kind: 'group', group },
      onRecords: (records) => {
        if (!leaving.aborted) this.take(records);
      },
      onAssignment: (partitions) => {
        this.tracker.retain(partitions);
      },
      onBroken: (error) => {
        logger.warn({ error }, 'the subscription of worker events broke');
        broken.abort();
      },
    });
    if (this.paused) this.subscription.pause({ topics: [topic] });
    await untilAborted(signal, broken.signal, leaving);
    await this.leave(broken.signal.aborted);
  }

  private async leave(broken: boolean): Promise<void> {
    this.cancelCommit?.();
    this.cancelCommit = null;
    await this.committing;
    if (!broken) await this.commit();
    const { subscription } = this;
    this.subscription = null;
    this.tracker.retain([]);
    await subscription?.close();
  }

  private take(records: readonly StoredRecord[]): void {
    for (const record of records) this.tracker.track(record, record.offset);
    this.options.onRecords(records);
  }

  private async commit(): Promise<void> {
    const offsets = this.tracker.committable();
    if (offsets.length === 0) return;
    try {
      await this.subscription?.commit({ offsets });
    } catch (error) {
      this.options.logger.warn(
        { error },
        'offsets of worker events could not be committed; a later commit covers them',
      );
    }
  }
}
