/** One kafkajs consumer, from its join until it crashes or is closed. */
import type { Consumer, ConsumerCrashEvent, ConsumerGroupJoinEvent, EachBatchPayload } from 'kafkajs';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { PartitionOffset, TopicPartition } from '../../../core/ports/topic-log.js';
import type { KafkaDriver } from './kafka-driver.js';
import { errorNames, toMaridError } from './kafka-errors.js';
import type { KafkaSockets } from './kafka-sockets.js';
import type { KafkaSettings } from './options.js';
import { within } from '../../../core/time/within.js';
import { ASK_AGAIN_MS, SURE_AFTER_MS } from './topic-admin.js';

/** Longest time that the brokers keep a fetch waiting for records, milliseconds. */
const MAX_WAIT_MS = 250;
/** Bytes of a fetch, per partition and in all. */
const MAX_BYTES_PER_PARTITION = 512 * 1024;
const MAX_BYTES = 4 * 1024 * 1024;

/** Time that a join gets when it is to be left at once, milliseconds. */
const JOIN_BEFORE_LEAVE_MS = 4_000;
/**
 * How often a consumer tries to connect again, about once a second. It keeps its place in the group meanwhile; a new one would have to wait until the brokers
 * have missed the old one.
 */
const RECONNECTS = 80;
/** kafkajs' own attempts before a consumer counts as crashed: about three seconds. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, multiplier: 2, factor: 0.2, retries: 5 };

/** What a session tells its owner. Nothing here may throw. */
export interface SessionListener {
  /** The group has given these partitions; `renewed` if the brokers had taken all of them away before. */
  onJoin(partitions: readonly TopicPartition[], renewed: boolean): void;
  /** Records of one partition. Those that are not resolved are read again. */
  onBatch(payload: EachBatchPayload): void;
  /** It is over. `passing` if the same may work a moment later. */
  onCrash(error: MaridError, passing: boolean): void;
}

/** Options of `ConsumerSession`. */
export interface SessionOptions {
  readonly driver: Pick<KafkaDriver, 'client'>;
  readonly settings: KafkaSettings;
  readonly group: string;
  readonly topics: readonly string[];
  readonly listener: SessionListener;
  readonly logger: Logger;
}

/**
 * States: new; joining (`open`); joined (the first `onJoin`); over (`close`, or a crash, which is told once). A session is never restarted: kafkajs' own
 * restart is declined, because it forgets pauses and survives a disconnect that comes at the wrong moment.
 */
export class ConsumerSession {
  /** When it last heard from the brokers, by the monotonic clock. */
  aliveAt: number;

  private readonly consumer: Consumer;
  private readonly sockets: KafkaSockets;
  private memberId: string | null = null;
  private passing = false;
  private joining = false;
  private over = false;
  private onJoined: () => void = () => undefined;
  private commitsStored = 0;

  constructor(private readonly options: SessionOptions) {
    const { driver, settings, group, logger } = options;
    const client = driver.client(logger, RECONNECTS);
    this.sockets = client.sockets;
    this.aliveAt = settings.clock.monotonic();
    this.consumer = client.kafka.consumer({
      groupId: group,
      allowAutoTopicCreation: false,
      sessionTimeout: settings.sessionTimeoutMs,
      heartbeatInterval: settings.heartbeatIntervalMs,
      rebalanceTimeout: settings.rebalanceTimeoutMs,
      metadataMaxAge: settings.metadataMaxAgeMs,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      maxBytes: MAX_BYTES,
      readUncommitted: true, // nobody writes transactions here, and nothing waits for those of others
      retry: { ...RETRY, restartOnFailure: () => this.declineRestart() },
    });
    this.listen();
  }

  /** Whether it has joined and is not over. */
  get joined(): boolean {
    return this.memberId !== null && !this.over;
  }

  /** Connects and begins to join. Rejects when the brokers cannot be reached; what comes later is told by `onCrash`. */
  async open(): Promise<void> {
    const { topics } = this.options;
    await this.within('Connecting a consumer to Kafka', this.consumer.connect());
    if (this.over) throw notJoined();
    await this.within('Subscribing to Kafka', this.subscribe([...topics]));
    if (this.over) throw notJoined();
    this.joining = true;
    // Resolves after the join, which may take as long as other members of the group need.
    const running = this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => {
        if (!this.over) this.options.listener.onBatch(payload);
      },
    });
    running.catch((error: unknown) => {
      this.crash(toMaridError(error, 'Reading from Kafka'), true);
    });
  }

  /** Commits; rejects unless the brokers have stored it. */
  async commit(offsets: readonly PartitionOffset[]): Promise<void> {
    if (!this.joined) throw notJoined();
    const before = this.commitsStored;
    await this.within(
      'Committing offsets to Kafka',
      this.consumer.commitOffsets(offsets.map((each) => ({ ...each, offset: String(each.offset) }))),
    );
    // kafkajs also resolves when it has stopped meanwhile and has stored nothing.
    if (this.commitsStored === before) throw notJoined();
  }

  /** Stops the fetching of topics; a rejoin may forget it. */
  pause(topics: readonly string[]): void {
    if (this.joined) this.consumer.pause(topics.map((topic) => ({ topic })));
  }

  /** Takes the fetching of topics up again. */
  resume(topics: readonly string[]): void {
    if (this.joined) this.consumer.resume(topics.map((topic) => ({ topic })));
  }

  /** Gives it up for a reason of ours. */
  fail(error: MaridError): void {
    this.crash(error, true);
  }

  /** Leaves the group, in bounded time; never rejects. Idempotent. */
  async close(): Promise<void> {
    // A member that is still joining cannot leave, and would hold up its group until its session is over.
    if (this.joining && !this.over) await this.untilJoined();
    this.over = true;
    try {
      await this.within('Leaving a group of Kafka', this.consumer.disconnect());
    } catch (error) {
      this.options.logger.debug({ error, group: this.options.group }, 'a Kafka consumer did not leave in order');
    }
    this.sockets.end();
  }

  /** The topics were there a moment ago: a broker that does not know one may just have started. */
  private async subscribe(topics: string[]): Promise<void> {
    const { clock } = this.options.settings;
    const sureAt = clock.monotonic() + SURE_AFTER_MS;
    for (;;) {
      try {
        await this.consumer.subscribe({ topics, fromBeginning: true });
        return;
      } catch (error) {
        const missing = errorNames(error).includes('UNKNOWN_TOPIC_OR_PARTITION');
        if (!missing || this.over || clock.monotonic() >= sureAt) throw error;
        await clock.sleep(ASK_AGAIN_MS);
      }
    }
  }

  private listen(): void {
    const { events } = this.consumer;
    this.consumer.on(events.GROUP_JOIN, (event) => {
      this.guard(() => {
        this.join(event);
      });
    });
    this.consumer.on(events.CRASH, (event: ConsumerCrashEvent) => {
      this.crash(toMaridError(event.payload.error, 'Reading from Kafka'), this.passing);
    });
    this.consumer.on(events.COMMIT_OFFSETS, () => {
      this.commitsStored += 1;
    });
    this.consumer.on(events.REQUEST_TIMEOUT, () => {
      this.sockets.cut(); // they may be half open, and kafkajs would use them for ever
    });
    for (const sign of [events.FETCH, events.HEARTBEAT] as const) {
      this.consumer.on(sign, () => {
        this.aliveAt = this.options.settings.clock.monotonic();
      });
    }
  }

  private join({ payload }: ConsumerGroupJoinEvent): void {
    if (this.over) return;
    this.aliveAt = this.options.settings.clock.monotonic();
    const renewed = this.memberId !== null && this.memberId !== payload.memberId;
    this.memberId = payload.memberId;
    this.endJoin();
    const partitions = Object.entries(payload.memberAssignment).flatMap(([topic, numbers]) =>
      numbers.toSorted((a, b) => a - b).map((partition) => ({ topic, partition })),
    );
    this.options.listener.onJoin(partitions, renewed);
  }

  private endJoin(): void {
    this.joining = false;
    this.onJoined();
  }

  private async untilJoined(): Promise<void> {
    const { clock } = this.options.settings;
    const joined = new Promise<void>((resolve) => {
      this.onJoined = resolve;
    });
    await within({ clock, ms: JOIN_BEFORE_LEAVE_MS, what: 'Joining a group of Kafka' }, joined).catch(() => undefined);
  }

  /** Called by kafkajs only when it would restart by itself. */
  private declineRestart(): Promise<boolean> {
    this.passing = true;
    return Promise.resolve(false);
  }

  private crash(error: MaridError, passing: boolean): void {
    if (this.over) return;
    this.over = true;
    this.endJoin();
    this.options.listener.onCrash(error, passing);
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.crash(toMaridError(error, 'Reading from Kafka'), false);
    }
  }

  private within<T>(what: string, work: Promise<T>): Promise<T> {
    const { clock, callTimeoutMs } = this.options.settings;
    return within({ clock, ms: callTimeoutMs, what }, work).catch((error: unknown) => {
      throw toMaridError(error, what);
    });
  }
}

function notJoined(): MaridError {
  return new MaridError('UNAVAILABLE', 'The subscription is not joined now; its records will come again.');
}
