/** The topics of a control plane, over the embedded log. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../core/errors/marid-error.js';
import { jobTopic, TOPICS } from '../../../../core/fleet/topics.js';
import type { TopicLog, TopicSettings } from '../../../../core/ports/topic-log.js';
import { EmbeddedTopicLog } from '../../../../infra/log/embedded/embedded-topic-log.js';
import { SqliteDatabase } from '../../../../infra/store/sqlite/sqlite-database.js';
import { TopicKeeper } from '../../../../services/control-plane/topics.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { QuietLogger } from '../../../support/quiet-logger.js';

const settings = (topic: string, partitions: number) => ({ topic, partitions, retentionMs: 1000 });
let db: SqliteDatabase;
let log: TopicLog;

beforeEach(() => {
  const logger = new QuietLogger();
  db = SqliteDatabase.open({ path: ':memory:', logger });
  log = new EmbeddedTopicLog({ db, clock: new FakeClock(), logger });
});

afterEach(async () => {
  await log.close();
  db.close();
});

const open = (partitions: number | null = 4, oneDatabase = true) =>
  TopicKeeper.open({
    ...{ log, pools: ['p'], partitions, oneDatabase, jobEventRetentionMs: 1000, jobEventRetentionRecords: null },
    ...{ clock: new FakeClock(), logger: new QuietLogger() },
  });

describe('TopicKeeper', () => {
  test('makes the topics, and keeps those that were there with more partitions', async () => {
    await log.ensureTopics({ topics: [settings(jobTopic('p'), 6)] });
    const keeper = await open();
    expect(keeper.counts.get(TOPICS.workerEvents)).toBe(4);
    expect(keeper.counts.get(jobTopic('p'))).toBe(6);
  });

  test.each([
    [true, 1],
    [false, 8],
  ])('unless told otherwise, shares only the offers among readers when all is one database: %p', async (one, count) => {
    const { counts } = await open(null, one);
    const { workerEvents, heartbeats, jobEvents } = TOPICS;
    for (const topic of [workerEvents, heartbeats, jobEvents]) expect(counts.get(topic)).toBe(count);
    expect(counts.get(jobTopic('p'))).toBe(8);
  });

  test('makes a topic again that was deleted or has come back with fewer partitions, with as many as before', async () => {
    await log.ensureTopics({ topics: [settings(jobTopic('p'), 6)] });
    const keeper = await open();
    const made: TopicSettings[] = [];
    const [{ partitions }, { ensureTopics }] = [log, log];
    log.partitions = (options) => {
      if (made.length > 0 || options.topic === TOPICS.heartbeats) return partitions.call(log, options);
      if (options.topic === jobTopic('p')) return Promise.reject(new MaridError('NOT_FOUND', 'deleted'));
      return Promise.resolve(options.topic === TOPICS.jobEvents ? 3 : 4);
    };
    log.ensureTopics = (options) => {
      made.push(...options.topics);
      return ensureTopics.call(log, options);
    };
    await keeper.look();
    await keeper.look();
    expect(made.map((each) => [each.topic, each.partitions])).toEqual([
      [TOPICS.jobEvents, 4],
      [jobTopic('p'), 6],
    ]);
  });

  test('starts while the log is away, and knows nothing until it is back', async () => {
    const { ensureTopics } = log;
    log.ensureTopics = () => Promise.reject(new MaridError('UNAVAILABLE', 'away'));
    const keeper = await open();
    expect(keeper.counts.size).toBe(0);
    await expect(keeper.look()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    log.ensureTopics = (options) => ensureTopics.call(log, options);
    await keeper.look();
    expect(keeper.counts.size).toBe(4);
  });

  test('does not start when the log refuses', async () => {
    log.ensureTopics = () => Promise.reject(new MaridError('INVALID_ARGUMENT', 'too many replicas'));
    await expect(open()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
