/** Creates topics with explicit settings, adds partitions, and looks whether topics that were there are set as they should be. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { TopicSettings } from '../../../core/ports/topic-log.js';
import { errorNames } from './kafka-errors.js';
import type { TopicAdmin } from './topic-admin.js';

/** Time between two looks at what was created, milliseconds. */
const POLL_MS = 50;

/** How kafkajs numbers topics among the resources that have settings. */
const TOPIC_RESOURCE = 2;

/** Options of `ensureTopics`. */
export interface EnsureTopicsOptions {
  readonly admin: TopicAdmin;
  readonly topics: readonly TopicSettings[];
  readonly replicationFactor: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longest time until what was created can be used, milliseconds. */
  readonly timeoutMs: number;
}

/** Resolves when every topic has its partitions and each of them a leader. Settings of topics that were there are never changed: what differs is logged. */
export async function ensureTopics(options: EnsureTopicsOptions): Promise<void> {
  const found = await Promise.all(
    options.topics.map(async (settings) => ({ settings, there: await options.admin.describe(settings.topic) })),
  );
  const missing = found.filter(({ there }) => there === null).map(({ settings }) => settings);
  const existing = found.filter(({ there }) => there !== null).map(({ settings }) => settings);
  const growing = found
    .filter(({ there, settings }) => there !== null && there.partitions < settings.partitions)
    .map(({ settings }) => settings);
  if (missing.length > 0) await create(options, missing);
  if (growing.length > 0) await grow(options, growing);
  await untilLed(options, [...missing, ...growing]);
  if (existing.length > 0) await checkSettings(options, existing);
}

/** The settings that Marid relies on: times are the brokers', old records go, and nothing is compressed in a way that kafkajs cannot read. */
function settingsOf(topic: TopicSettings): Readonly<Record<string, string>> {
  return {
    'message.timestamp.type': 'LogAppendTime',
    'retention.ms': String(topic.retentionMs),
    'cleanup.policy': 'delete',
    'compression.type': 'producer',
  };
}

async function create(options: EnsureTopicsOptions, topics: readonly TopicSettings[]): Promise<void> {
  const { admin, replicationFactor } = options;
  await admin.use('Creating topics', async (client) => {
    try {
      await client.createTopics({
        waitForLeaders: false, // it throws UNKNOWN_TOPIC_OR_PARTITION for topics that are not known everywhere yet
        topics: topics.map((topic) => ({
          topic: topic.topic,
          numPartitions: topic.partitions,
          replicationFactor,
          configEntries: Object.entries(settingsOf(topic)).map(([name, value]) => ({ name, value })),
        })),
      });
    } catch (error) {
      // Somebody else was faster: whether the topics are there now, the wait for their leaders tells.
      if (!errorNames(error).includes('TOPIC_ALREADY_EXISTS')) throw error;
    }
  });
}

async function grow({ admin }: EnsureTopicsOptions, topics: readonly TopicSettings[]): Promise<void> {
  await admin.use('Adding partitions', async (client) => {
    try {
      await client.createPartitions({
        topicPartitions: topics.map(({ topic, partitions }) => ({ topic, count: partitions })),
      });
    } catch (error) {
      // Somebody else has added them meanwhile.
      if (!errorNames(error).includes('INVALID_PARTITIONS')) throw error;
    }
  });
}

async function untilLed(options: EnsureTopicsOptions, topics: readonly TopicSettings[]): Promise<void> {
  const { admin, clock, timeoutMs } = options;
  const deadline = clock.monotonic() + timeoutMs;
  for (const { topic, partitions } of topics) {
    for (;;) {
      const there = await admin.describe(topic);
      if (there !== null && there.led && there.partitions >= partitions) break;
      if (clock.monotonic() >= deadline) {
        const message = `The topic ${topic} was made but not all of its ${String(partitions)} partitions have a leader yet.`;
        throw new MaridError('DEADLINE_EXCEEDED', message);
      }
      await clock.sleep(POLL_MS);
    }
  }
}

async function checkSettings(options: EnsureTopicsOptions, topics: readonly TopicSettings[]): Promise<void> {
  const { admin, logger } = options;
  const resources = topics.map(({ topic }) => ({
    type: TOPIC_RESOURCE,
    name: topic,
    configNames: Object.keys(settingsOf({ topic, partitions: 1, retentionMs: 0 })),
  }));
  const answer = await admin.use('Reading the settings of topics', (client) =>
    client.describeConfigs({ resources, includeSynonyms: false }),
  );
  for (const topic of topics) {
    const entries = answer.resources.find((each) => each.resourceName === topic.topic)?.configEntries ?? [];
    for (const [setting, expected] of Object.entries(settingsOf(topic))) {
      const actual = entries.find((entry) => entry.configName === setting)?.configValue;
      if (actual === undefined || actual === expected) continue;
      logger.warn(
        { topic: topic.topic, setting, actual, expected },
        'a topic is set in another way than Marid expects',
      );
    }
  }
}
