/** The topics and groups of one installation in a log that several share. */
import type {
  LogRecord,
  LogSubscription,
  PartitionOffset,
  SubscribeOptions,
  SubscriptionStart,
  TopicLog,
  TopicPartition,
  TopicSettings,
} from '../../../core/ports/topic-log.js';

/** First part of the names as Marid's parts know them. */
const OWN = 'marid.';

/** A log in which `marid.x` is stored as `<name>.x`; the log underneath becomes this one's. */
export class NamedTopicLog implements TopicLog {
  private readonly prefix: string;

  /** `name`: the installation's. */
  constructor(
    private readonly log: TopicLog,
    name: string,
  ) {
    this.prefix = `${name}.`;
  }

  ensureTopics({ topics }: { readonly topics: readonly TopicSettings[] }): Promise<void> {
    return this.log.ensureTopics({ topics: topics.map((each) => this.stored(each)) });
  }

  partitions({ topic }: { readonly topic: string }): Promise<number> {
    return this.log.partitions({ topic: this.nameOf(topic) });
  }

  produce({ records }: { readonly records: readonly LogRecord[] }): Promise<void> {
    return this.log.produce({ records: records.map((each) => this.stored(each)) });
  }

  async endOffsets({ topic }: { readonly topic: string }): Promise<readonly PartitionOffset[]> {
    return (await this.log.endOffsets({ topic: this.nameOf(topic) })).map((each) => this.known(each));
  }

  async subscribe(options: SubscribeOptions): Promise<LogSubscription> {
    const { topics, start, onRecords, onAssignment, onBroken } = options;
    const subscription = await this.log.subscribe({
      topics: topics.map((topic) => this.nameOf(topic)),
      start: this.startOf(start),
      onRecords: (records) => {
        onRecords(records.map((each) => this.known(each)));
      },
      onAssignment: (partitions: readonly TopicPartition[]) => {
        onAssignment?.(partitions.map((each) => this.known(each)));
      },
      onBroken,
    });
    return {
      commit: ({ offsets }) => subscription.commit({ offsets: offsets.map((each) => this.stored(each)) }),
      pause: (paused) => {
        subscription.pause({ topics: paused.topics.map((topic) => this.nameOf(topic)) });
      },
      resume: (resumed) => {
        subscription.resume({ topics: resumed.topics.map((topic) => this.nameOf(topic)) });
      },
      close: () => subscription.close(),
    };
  }

  close(): Promise<void> {
    return this.log.close();
  }

  private startOf(start: SubscriptionStart): SubscriptionStart {
    return start.kind === 'group'
      ? { kind: 'group', group: this.nameOf(start.group) }
      : { kind: 'positions', positions: start.positions.map((each) => this.stored(each)) };
  }

  private stored<T extends { readonly topic: string }>(named: T): T {
    return { ...named, topic: this.nameOf(named.topic) };
  }

  private known<T extends { readonly topic: string }>(named: T): T {
    const { topic } = named;
    return { ...named, topic: topic.startsWith(this.prefix) ? OWN + topic.slice(this.prefix.length) : topic };
  }

  private nameOf(name: string): string {
    return name.startsWith(OWN) ? this.prefix + name.slice(OWN.length) : name;
  }
}
