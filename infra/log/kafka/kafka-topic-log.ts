/** `TopicLog` on Apache Kafka. */
import type { Admin, Producer } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type {
  LogRecord,
  LogSubscription,
  PartitionOffset,
  SubscribeOptions,
  TopicLog,
  TopicSettings,
} from '../../../core/ports/topic-log.js';
import { ensureTopics } from './ensure-topics.js';
import { KafkaDriver } from './kafka-driver.js';
import { KafkaSubscription, type SubscriptionHealth } from './kafka-subscription.js';
import { resolveKafkaSettings, type KafkaSettings, type KafkaTopicLogOptions } from './options.js';
import { ProduceBatcher } from './produce-batcher.js';
import { RecordSender } from './record-sender.js';
import { keyOf } from './records.js';
import { Renewable } from './renewable.js';
import { TopicAdmin } from './topic-admin.js';

/** Attempts of the producer and the admin client to connect, beside the first: about a second. */
const RECONNECTS = 3;

/** Part of a call's time after which nothing is repeated, so that the last attempt can still be answered. */
const RETRY_SHARE = 0.6;

/** How a log is. */
export interface KafkaLogHealth {
  /** Whether every subscription has fetched or beaten within the last minute. */
  readonly healthy: boolean;
  readonly subscriptions: readonly SubscriptionHealth[];
}

/**
 * The log. States: open (`connect`) and closed (`close`, for ever). Every consumer, the producer and the admin client have connections of their own, and are
 * replaced when they fail. The rules that it keeps are those of kafkajs 2.2.4; see ARCHITECTURE.md.
 */
export class KafkaTopicLog implements TopicLog {
  private readonly adminClient: Renewable<Admin>;
  private readonly producer: Renewable<Producer>;
  private readonly admin: TopicAdmin;
  private readonly batcher: ProduceBatcher;
  private readonly subscriptions = new Set<KafkaSubscription>();
  private closed = false;

  private constructor(
    private readonly settings: KafkaSettings,
    private readonly driver: KafkaDriver,
  ) {
    const { clock, logger, callTimeoutMs } = settings;
    this.adminClient = this.renewable('the admin client', ({ kafka }) => kafka.admin());
    this.producer = this.renewable('the producer', ({ kafka }) => kafka.producer(PRODUCER));
    this.admin = new TopicAdmin({ admin: this.adminClient, clock, timeoutMs: callTimeoutMs });
    const sender = new RecordSender({
      producer: this.producer,
      checkPlaces: (records, options) => this.admin.checkPlaces(records, options),
      clock,
      logger,
      giveUpAfterMs: callTimeoutMs * RETRY_SHARE,
      ackTimeoutMs: settings.requestTimeoutMs,
    });
    this.batcher = new ProduceBatcher({ send: (records) => sender.send(records), clock, timeoutMs: callTimeoutMs });
  }

  /** Loads kafkajs and sees that a broker answers. `UNAVAILABLE` or `DEADLINE_EXCEEDED` if none does and that is not allowed, `INTERNAL` if kafkajs is not the version that this was written for. */
  static async connect(options: KafkaTopicLogOptions): Promise<KafkaTopicLog> {
    const settings = resolveKafkaSettings(options);
    const log = new KafkaTopicLog(settings, await KafkaDriver.load(settings));
    try {
      await log.admin.use(`Connecting to Kafka at ${settings.brokers.join(', ')}`, (admin) => admin.describeCluster());
    } catch (error) {
      if (!settings.mayBeAway || !isMaridError(error) || !error.retryable) {
        await log.close();
        throw error;
      }
      settings.logger.warn({ error }, 'Kafka does not answer; going on until it does');
    }
    return log;
  }

  /** How its subscriptions are. */
  get health(): KafkaLogHealth {
    const subscriptions = [...this.subscriptions].map((each) => each.health);
    return { healthy: subscriptions.every((each) => each.healthy), subscriptions };
  }

  async ensureTopics({ topics }: { readonly topics: readonly TopicSettings[] }): Promise<void> {
    this.checkOpen();
    const { replicationFactor, clock, logger, callTimeoutMs } = this.settings;
    await ensureTopics({ admin: this.admin, topics, replicationFactor, clock, logger, timeoutMs: callTimeoutMs });
  }

  async partitions({ topic }: { readonly topic: string }): Promise<number> {
    this.checkOpen();
    return this.admin.partitions(topic);
  }

  async produce({ records }: { readonly records: readonly LogRecord[] }): Promise<void> {
    this.checkOpen();
    await this.batcher.add(records);
  }

  async endOffsets({ topic }: { readonly topic: string }): Promise<readonly PartitionOffset[]> {
    this.checkOpen();
    return this.admin.endOffsets(topic);
  }

  async subscribe(options: SubscribeOptions): Promise<LogSubscription> {
    this.checkOpen();
    const topics = [...new Set(options.topics)];
    for (const topic of topics) await this.admin.partitions(topic);
    const { start } = options;
    const alone = start.kind === 'positions';
    const group = alone ? `${this.settings.clientId}.alone.${randomUUID()}` : start.group;
    const subscription: KafkaSubscription = new KafkaSubscription({
      driver: this.driver,
      settings: this.settings,
      logger: this.settings.logger.child({ group }),
      group,
      topics,
      subscribe: { ...options, topics },
      positions: alone ? await this.clamped(start.positions, topics) : [],
      commits: !alone,
      firstSince: (place, appendedAt) => this.admin.firstSince(place, appendedAt),
      onClosed: () => this.subscriptions.delete(subscription),
    });
    this.subscriptions.add(subscription);
    await subscription.start();
    return alone ? this.privately(subscription, group) : subscription;
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close()));
    await this.batcher.idle();
    await Promise.all([this.producer.close(), this.adminClient.close()]);
  }

  /** Positions behind the end, as left by a topic that was made anew, are taken back to the end. */
  private async clamped(
    positions: readonly PartitionOffset[],
    topics: readonly string[],
  ): Promise<readonly PartitionOffset[]> {
    const wanted = positions.filter((position) => topics.includes(position.topic));
    const named = [...new Set(wanted.map((position) => position.topic))];
    const ends = (await Promise.all(named.map((topic) => this.admin.endOffsets(topic)))).flat();
    const endOf = new Map(ends.map((end) => [keyOf(end), end.offset]));
    return wanted.map((position) => ({
      ...position,
      offset: Math.min(position.offset, endOf.get(keyOf(position)) ?? 0),
    }));
  }

  /** A subscription whose group is deleted when it ends. */
  private privately(subscription: KafkaSubscription, group: string): LogSubscription {
    return {
      commit: (options) => subscription.commit(options),
      pause: (options) => subscription.pause(options),
      resume: (options) => subscription.resume(options),
      close: async () => {
        await subscription.close();
        await this.deleteGroup(group);
      },
    };
  }

  /** Best effort: brokers forget groups without members and offsets by themselves. */
  private async deleteGroup(group: string): Promise<void> {
    try {
      if (!this.closed) await this.admin.use('Deleting a private group', (admin) => admin.deleteGroups([group]));
    } catch (error) {
      this.settings.logger.debug({ error, group }, 'a private group is left to the brokers');
    }
  }

  private renewable<T extends Admin | Producer>(
    name: string,
    make: (client: ReturnType<KafkaDriver['client']>) => T,
  ): Renewable<T> {
    const { clock, logger, callTimeoutMs } = this.settings;
    const create = (): { part: T; sockets: ReturnType<KafkaDriver['client']>['sockets'] } => {
      const client = this.driver.client(logger, RECONNECTS);
      return { part: make(client), sockets: client.sockets };
    };
    return new Renewable({ create, name, timeoutMs: callTimeoutMs, clock, logger });
  }

  private checkOpen(): void {
    if (this.closed) throw new MaridError('UNAVAILABLE', 'The log is closed; this process ends.', { retryable: false });
  }
}

/**
 * One attempt: what is repeated, `RecordSender` decides. Not idempotent: a send that was stored and rejected would make the broker swallow the next one. The
 * partition is always on the message, and a message without one is a defect.
 */
const PRODUCER = {
  allowAutoTopicCreation: false,
  idempotent: false,
  retry: { retries: 0 },
  createPartitioner: () => chosenPartition,
};

function chosenPartition({ message }: { readonly message: { readonly partition?: number } }): number {
  if (message.partition !== undefined) return message.partition;
  throw new MaridError('INTERNAL', 'A message without a partition was given to kafkajs.');
}
