/** `TopicLog` of the simulation. */
import type {
  LogRecord,
  LogSubscription,
  PartitionOffset,
  SubscribeOptions,
  TopicLog,
  TopicSettings,
} from '../../core/ports/topic-log.js';
import { silence, type Link } from './link.js';
import { placeOf, type SimBroker } from './sim-broker.js';
import { SimSubscription } from './sim-subscription.js';

/** Part of the partitions of a batch that are stored when it fails half-way. */
const HALF = 0.5;

/** The log as one process reaches it. */
export class SimTopicLog implements TopicLog {
  constructor(
    private readonly broker: SimBroker,
    private readonly link: Link,
  ) {}

  ensureTopics({ topics }: { readonly topics: readonly TopicSettings[] }): Promise<void> {
    return this.link.call(() => {
      for (const { topic, partitions } of topics) this.broker.ensureTopic(topic, partitions);
    });
  }

  partitions({ topic }: { readonly topic: string }): Promise<number> {
    return this.link.call(() => this.broker.topic(topic).length);
  }

  produce({ records }: { readonly records: readonly LogRecord[] }): Promise<void> {
    return this.link.call(() => {
      const { random, weather } = this.link.options;
      if (random.next() >= weather.trouble * HALF) return this.broker.append(records);
      const stored = new Set(records.map(placeOf).filter(() => random.next() < HALF));
      this.broker.append(records.filter((record) => stored.has(placeOf(record))));
      throw silence();
    });
  }

  endOffsets({ topic }: { readonly topic: string }): Promise<readonly PartitionOffset[]> {
    return this.link.call(() =>
      this.broker.topic(topic).map((records, partition) => ({ topic, partition, offset: records.length })),
    );
  }

  async subscribe(options: SubscribeOptions): Promise<LogSubscription> {
    await this.link.call(() => {
      for (const topic of options.topics) this.broker.topic(topic);
    });
    const subscription = new SimSubscription(options, this.broker, this.link);
    subscription.begin();
    return subscription;
  }

  /** Nothing to end. */
  async close(): Promise<void> {
    return Promise.resolve();
  }
}
