/** A subscription that stays joined by itself. */
import type { EachBatchPayload } from 'kafkajs';
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type {
  LogSubscription,
  PartitionOffset,
  SubscribeOptions,
  TopicPartition,
} from '../../../core/ports/topic-log.js';
import { ConsumerSession, type SessionListener, type SessionOptions } from './consumer-session.js';
import { OffsetCommits } from './offset-commits.js';
import { ReadProgress, type SeenRecord } from './read-progress.js';
import { keyOf, recordOf } from './records.js';

/** Records that one call of `onRecords` brings at most. */
const MAX_RECORDS_PER_CALL = 500;
/** Waits before a new consumer, milliseconds; the last repeats. */
const BACK_OFF_MS = [100, 200, 400, 800, 1_600, 2_000] as const;
/** Consumers that may crash for a reason that does not pass by itself, within which time (milliseconds), before the subscription is broken. */
const MAX_CRASHES = 5;
const CRASH_WINDOW_MS = 600_000;
/** Silence after which a subscription counts as unwell, milliseconds. */
const UNWELL_AFTER_MS = 60_000;
/** Silence after which a consumer is replaced, milliseconds: longer than any rebalance. */
const MAX_SILENCE_MS = 90_000;
const LOOK_EVERY_MS = 15_000;

/** What a subscription works with. */
export interface KafkaSubscriptionOptions extends Omit<SessionOptions, 'listener'> {
  readonly subscribe: SubscribeOptions;
  /** Where to start, if not at the group's offsets. Each at or before the end of its partition. */
  readonly positions: readonly PartitionOffset[];
  /** Whether `commit` does anything. */
  readonly commits: boolean;
  /** Offset of the first record of a partition that was appended at this time or later. */
  readonly firstSince: (place: TopicPartition, appendedAt: number) => Promise<number>;
  /** Called once, when it is over for good. */
  readonly onClosed: () => void;
}

/** How a subscription is. */
export interface SubscriptionHealth {
  readonly topics: readonly string[];
  readonly group: string;
  readonly joined: boolean;
  /** Milliseconds since the last fetch or heartbeat. */
  readonly silentMs: number;
  /** Whether that is less than a minute. */
  readonly healthy: boolean;
}

/**
 * States: *joining* (`start`); *joined*; *away* from a crash of its consumer until the next one has joined, with nothing assigned; *closed* by `close`, or
 * *broken*, which `onBroken` tells: a callback threw, or five consumers in ten minutes crashed for reasons that do not pass by themselves. What Kafka's
 * outages do passes by itself, and is tried for ever.
 */
export class KafkaSubscription implements LogSubscription {
  private readonly over = new AbortController();
  private readonly progress: ReadProgress;
  private readonly commits: OffsetCommits;
  private readonly paused = new Set<string>();
  private readonly crashes: number[] = [];
  private session: ConsumerSession | null = null;
  private assigned: readonly TopicPartition[] | null = null;
  private failures = 0;
  private silentSince: number;
  private replacing: Promise<void> = Promise.resolve();
  private cancelWatch: () => void = () => undefined;

  constructor(private readonly options: KafkaSubscriptionOptions) {
    this.silentSince = options.settings.clock.monotonic();
    this.progress = new ReadProgress(options.positions);
    this.commits = new OffsetCommits(async (offsets) => {
      if (this.session === null) throw away();
      await this.session.commit(offsets);
    });
  }

  /** Begins to join. Rejects when Kafka cannot be reached; from then on it stays by itself. */
  async start(): Promise<void> {
    try {
      await this.openSession();
    } catch (error) {
      this.end();
      throw error;
    }
    this.watch();
  }

  /** How it is now. */
  get health(): SubscriptionHealth {
    const { subscribe, group, settings } = this.options;
    const aliveAt = this.session?.aliveAt ?? this.silentSince;
    const silentMs = settings.clock.monotonic() - aliveAt;
    const joined = this.session?.joined === true;
    return { topics: subscribe.topics, group, joined, silentMs, healthy: silentMs <= UNWELL_AFTER_MS };
  }

  async commit({ offsets }: { readonly offsets: readonly PartitionOffset[] }): Promise<void> {
    if (!this.options.commits || offsets.length === 0) return;
    if (this.session?.joined !== true) throw away();
    const mine = this.assignedKeys();
    const kept = offsets.filter((offset) => mine.has(keyOf(offset)));
    // Kafka would take them: it does not look who owns a partition, and the new owner's offset might go back.
    await this.commits.add(kept);
    if (kept.length < offsets.length) throw moved();
  }

  pause({ topics }: { readonly topics: readonly string[] }): void {
    for (const topic of topics) this.paused.add(topic);
    this.session?.pause(topics);
  }

  resume({ topics }: { readonly topics: readonly string[] }): void {
    for (const topic of topics) this.paused.delete(topic);
    this.session?.resume(topics);
  }

  async close(): Promise<void> {
    const { session } = this;
    this.end();
    await session?.close();
    await this.replacing;
    await this.commits.idle();
  }

  private end(): void {
    if (this.over.signal.aborted) return;
    this.over.abort();
    this.cancelWatch();
    this.session = null;
    this.options.onClosed();
  }

  private async openSession(): Promise<void> {
    const session: ConsumerSession = new ConsumerSession({ ...this.options, listener: this.listener(() => session) });
    this.session = session;
    try {
      await session.open();
    } catch (error) {
      this.silentSince = session.aliveAt;
      if (this.session === session) this.session = null;
      await session.close();
      throw error;
    }
  }

  private listener(session: () => ConsumerSession): SessionListener {
    return {
      onJoin: (partitions, renewed) => {
        if (this.session === session()) this.join(partitions, renewed);
      },
      onBatch: (payload) => {
        if (this.session === session()) this.take(payload);
      },
      onCrash: (error, passing) => {
        if (this.session === session()) this.replacing = this.replace(session(), error, passing);
      },
    };
  }

  private join(partitions: readonly TopicPartition[], renewed: boolean): void {
    this.failures = 0;
    this.session?.pause([...this.paused]);
    // Whoever was thrown out of the group may have lost partitions that it has again now.
    if (renewed) this.assign([]);
    this.assign(partitions);
  }

  /** Tells a changed assignment. Read places and commits of partitions that are gone are forgotten. */
  private assign(partitions: readonly TopicPartition[]): void {
    const before = this.assigned === null ? null : this.assignedKeys();
    const now = new Set(partitions.map(keyOf));
    const same = before?.size === now.size && [...now].every((key) => before.has(key));
    if (same) return;
    this.assigned = partitions;
    if (this.options.commits) this.progress.retain(partitions);
    this.commits.retain(now);
    this.tell(() => this.options.subscribe.onAssignment?.(partitions));
  }

  /** Hands over what is new of a batch. What is left when the topic is paused on the way is read again later. */
  private take(payload: EachBatchPayload): void {
    const { topic, partition, messages } = payload.batch;
    const place = { topic, partition };
    const [first, last] = [messages[0], messages.at(-1)];
    if (first === undefined || last === undefined) return;
    const admission = this.progress.admit(recordOf(place, first), recordOf(place, last));
    if (admission.kind === 'skip') {
      payload.resolveOffset(String(admission.next - 1));
      return;
    }
    if (admission.kind === 'anew') this.startAnew(place);
    else if (admission.doubt !== null) void this.look(place, admission.doubt);
    const from = admission.kind === 'anew' ? 0 : admission.from;
    const fresh = messages.filter((message) => Number(message.offset) >= from);
    for (let at = 0; at < fresh.length; at += MAX_RECORDS_PER_CALL) {
      if (this.over.signal.aborted || this.paused.has(topic)) return;
      const records = fresh.slice(at, at + MAX_RECORDS_PER_CALL).map((message) => recordOf(place, message));
      const end = records.at(-1);
      if (end === undefined || !this.tell(() => this.options.subscribe.onRecords(records))) return;
      this.progress.advance(end);
      payload.resolveOffset(String(end.offset));
    }
  }

  /** A topic was deleted and made again: for the owner, its partition has gone and another one has come. */
  private startAnew(place: TopicPartition): void {
    const { logger, group } = this.options;
    logger.warn({ ...place, group }, 'a partition was made anew; reading it from its start');
    const all = this.assigned ?? [];
    this.assign(all.filter((each) => keyOf(each) !== keyOf(place)));
    this.assign(all);
  }

  /**
   * kafkajs goes on at its offset in a partition that was made anew and has been filled beyond that already. Then its first record is younger than one that was seen long
   * before, and the group reads it from its start. Never rejects.
   */
  private async look(place: TopicPartition, seen: SeenRecord): Promise<void> {
    const { session } = this;
    const { firstSince, commits, logger, group } = this.options;
    try {
      if ((await firstSince(place, seen.appendedAt + 1)) > 0 || session === null || session !== this.session) return;
      logger.warn({ ...place, group }, 'a partition was made anew and filled; going back to its start');
      this.progress.forget(place);
      if (commits) await session.commit([{ ...place, offset: 0 }]);
      session.fail(new MaridError('UNAVAILABLE', 'A partition was made anew.'));
    } catch (error) {
      logger.warn({ ...place, group, error }, 'whether a partition was made anew is unknown');
    }
  }

  /** Calls the owner; a throw breaks the subscription and nothing else. Returns whether it went well. */
  private tell(callback: () => void): boolean {
    if (this.over.signal.aborted) return false;
    try {
      callback();
      return true;
    } catch (error) {
      this.break(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  private break(error: Error): void {
    const { session } = this;
    this.end();
    if (session !== null) this.replacing = session.close();
    this.options.subscribe.onBroken(error);
  }

  /** Replaces a consumer that has crashed; never rejects. */
  private async replace(crashed: ConsumerSession, error: MaridError, passing: boolean): Promise<void> {
    const { logger, group, settings } = this.options;
    this.silentSince = crashed.aliveAt;
    this.session = null;
    if (this.assigned !== null && this.assigned.length > 0) this.assign([]);
    await crashed.close();
    for (let cause = error, counts = !passing; !this.over.signal.aborted;) {
      if (counts && this.tooManyCrashes()) {
        this.break(cause);
        return;
      }
      const backOffMs = BACK_OFF_MS[Math.min(this.failures, BACK_OFF_MS.length - 1)] ?? 0;
      this.failures += 1;
      logger.warn({ error: cause, group, backOffMs }, 'a Kafka consumer crashed; making a new one');
      await settings.clock.sleep(backOffMs, this.over.signal);
      if (this.over.signal.aborted) return;
      try {
        await this.openSession();
        return;
      } catch (failed) {
        cause = isMaridError(failed) ? failed : new MaridError('UNAVAILABLE', String(failed), { cause: failed });
        counts = false;
      }
    }
  }

  private tooManyCrashes(): boolean {
    const now = this.options.settings.clock.monotonic();
    this.crashes.push(now);
    while (now - (this.crashes[0] ?? now) > CRASH_WINDOW_MS) this.crashes.shift();
    return this.crashes.length > MAX_CRASHES;
  }

  /** kafkajs has been seen to stop without a word. */
  private watch(): void {
    const { settings, logger, group } = this.options;
    this.cancelWatch = settings.clock.after(LOOK_EVERY_MS, () => {
      if (this.over.signal.aborted) return;
      const { silentMs, healthy } = this.health;
      if (!healthy) logger.error({ group, silentMs }, 'nothing was heard of Kafka for a minute and longer');
      if (this.session !== null && silentMs > MAX_SILENCE_MS) {
        this.session.fail(new MaridError('UNAVAILABLE', 'A Kafka consumer was silent for too long.'));
      }
      this.watch();
    });
  }

  private assignedKeys(): ReadonlySet<string> {
    return new Set((this.assigned ?? []).map(keyOf));
  }
}

function away(): MaridError {
  return new MaridError('UNAVAILABLE', 'The subscription is not joined now; its records will come again.');
}

function moved(): MaridError {
  return new MaridError(
    'UNAVAILABLE',
    'A partition is read by another member of the group now; its records come there.',
  );
}
