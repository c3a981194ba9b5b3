/** The topics that a control plane needs. */
import { isMaridError } from '../../core/errors/marid-error.js';
import { jobTopic, TOPICS } from '../../core/fleet/topics.js';
import { PollLoop } from '../../core/loops/poll-loop.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Logger } from '../../core/ports/logger.js';
import type { Service } from '../../core/ports/service.js';
import type { TopicLog, TopicSettings } from '../../core/ports/topic-log.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Offers are hints and are repeated. */
const OFFER_RETENTION_MS = DAY_MS;
/** Long enough for any outage of the control planes. */
const WORKER_EVENT_RETENTION_MS = 7 * DAY_MS;
const HEARTBEAT_RETENTION_MS = 15 * MINUTE_MS;

/** Time between two looks at the topics, and while some have not been seen yet, milliseconds. */
const LOOK_EVERY_MS = 10_000;
const LOOK_AGAIN_MS = 500;

/** Partitions of a topic that several processes may read: so many of them share it. */
const SHARED = 8;

/** Number of partitions by topic, of those that have been seen. */
export type PartitionCounts = ReadonlyMap<string, number>;

/** Options of `TopicKeeper`. */
export interface TopicKeeperOptions {
  readonly log: TopicLog;
  readonly pools: readonly string[];
  /** Partitions of each topic that is created; `null`: 8, but 1 for all topics but those of offers when `oneDatabase`. */
  readonly partitions: number | null;
  /** Whether the log and what its events are about lie in one file: then one process reads what workers send, and records that are written together in one partition cost little more than one. */
  readonly oneDatabase: boolean;
  readonly jobEventRetentionMs: number;
  /** Of each partition; `null`: all. */
  readonly jobEventRetentionRecords: number | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Creates the topics and makes those again that somebody deletes, never with fewer partitions than before: whoever produces remembers how many there were, and a record
 * for one that is gone would be refused for ever.
 *
 * States: new; open (`open`: has looked once; a log that is away then is no reason not to start); keeping (`start`); stopped.
 */
export class TopicKeeper implements Service {
  private readonly counted = new Map<string, number>();
  private readonly loop: PollLoop;

  private constructor(private readonly options: TopicKeeperOptions) {
    const intervalMs = (): number => (this.counted.size < this.settings.length ? LOOK_AGAIN_MS : LOOK_EVERY_MS);
    this.loop = new PollLoop({ ...options, name: 'topics', intervalMs, run: () => this.look() });
  }

  /** Makes sure of the topics. Rejects as the log does, unless it is away. */
  static async open(options: TopicKeeperOptions): Promise<TopicKeeper> {
    const keeper = new TopicKeeper(options);
    try {
      await keeper.look();
    } catch (error) {
      if (!isMaridError(error) || !error.retryable) throw error;
      options.logger.warn({ error }, 'the log is away; starting without it');
    }
    return keeper;
  }

  /** As last seen; grows when a log that was away comes back. */
  get counts(): PartitionCounts {
    return this.counted;
  }

  async start(): Promise<void> {
    await this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  /** One look: creates what is missing. */
  async look(): Promise<void> {
    const { log } = this.options;
    const present = await Promise.all(this.settings.map((wanted) => this.isPresent(wanted)));
    const topics = this.settings.filter((_, index) => present[index] === false);
    if (topics.length === 0) return;
    await log.ensureTopics({ topics });
    for (const { topic } of topics) this.counted.set(topic, await log.partitions({ topic }));
  }

  private get settings(): readonly TopicSettings[] {
    const { pools, jobEventRetentionMs: retentionMs, jobEventRetentionRecords: most } = this.options;
    const shared = this.options.partitions ?? SHARED;
    const partitions = this.options.oneDatabase ? (this.options.partitions ?? 1) : shared;
    const kept = [
      { topic: TOPICS.workerEvents, partitions, retentionMs: WORKER_EVENT_RETENTION_MS },
      { topic: TOPICS.heartbeats, partitions, retentionMs: HEARTBEAT_RETENTION_MS },
      { topic: TOPICS.jobEvents, partitions, retentionMs, ...(most === null ? {} : { retentionRecords: most }) },
      ...pools.map((pool) => ({ topic: jobTopic(pool), partitions: shared, retentionMs: OFFER_RETENTION_MS })),
    ];
    return kept.map((each) => ({ ...each, partitions: this.counted.get(each.topic) ?? each.partitions }));
  }

  /** False also for a topic that has not been seen yet, whose settings are looked at when it is made sure of. */
  private async isPresent({ topic, partitions }: TopicSettings): Promise<boolean> {
    if (!this.counted.has(topic)) return false;
    try {
      return (await this.options.log.partitions({ topic })) >= partitions;
    } catch (error) {
      if (isMaridError(error) && error.code === 'NOT_FOUND') return false;
      throw error;
    }
  }
}

/** Partitions of a topic; 1 for one that has not been seen yet. */
export function partitionsOf(counts: PartitionCounts, topic: string): number {
  return counts.get(topic) ?? 1;
}
