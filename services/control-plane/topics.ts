/** The topics that a control plane needs. */
import { jobTopic, TOPICS } from '../../core/fleet/topics.js';
import type { TopicLog } from '../../core/ports/topic-log.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Offers are hints and are repeated. */
const OFFER_RETENTION_MS = DAY_MS;
/** Long enough for any outage of the control planes. */
const WORKER_EVENT_RETENTION_MS = 7 * DAY_MS;
const HEARTBEAT_RETENTION_MS = 15 * MINUTE_MS;

/** Number of partitions by topic. */
export type PartitionCounts = ReadonlyMap<string, number>;

/** Creates what is missing; returns how many partitions each topic really has. */
export async function ensureTopics(options: {
  readonly log: TopicLog;
  readonly pools: readonly string[];
  /** Partitions of each topic that is created. */
  readonly partitions: number;
  readonly jobEventRetentionMs: number;
  /** Of each partition; `null`: all. */
  readonly jobEventRetentionRecords: number | null;
}): Promise<PartitionCounts> {
  const { log, pools, partitions, jobEventRetentionMs: retentionMs, jobEventRetentionRecords: most } = options;
  const topics = [
    { topic: TOPICS.workerEvents, partitions, retentionMs: WORKER_EVENT_RETENTION_MS },
    { topic: TOPICS.heartbeats, partitions, retentionMs: HEARTBEAT_RETENTION_MS },
    { topic: TOPICS.jobEvents, partitions, retentionMs, ...(most === null ? {} : { retentionRecords: most }) },
    ...pools.map((pool) => ({ topic: jobTopic(pool), partitions, retentionMs: OFFER_RETENTION_MS })),
  ];
  await log.ensureTopics({ topics });
  const counted = topics.map(async ({ topic }) => [topic, await log.partitions({ topic })] as const);
  return new Map(await Promise.all(counted));
}

/** Partitions of a topic that `ensureTopics` made sure of. */
export function partitionsOf(counts: PartitionCounts, topic: string): number {
  return counts.get(topic) ?? 1;
}
