import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import { TOPICS } from '../../../../../core/fleet/topics.js';
import type { Job } from '../../../../../core/job/job.js';
import type { LogRecord, TopicLog } from '../../../../../core/ports/topic-log.js';
import { EmbeddedTopicLog } from '../../../../../infra/log/embedded/embedded-topic-log.js';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteJobStore } from '../../../../../infra/store/sqlite/sqlite-job-store.js';
import { decodeJobEvent } from '../../../../../services/control-plane/events/job-event.js';
import { EventPublisher } from '../../../../../services/control-plane/events/event-publisher.js';
import { advanceJob, makeJob } from '../../../../support/job-fixtures.js';
import { eventually } from '../../../../support/eventually.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const clock = new SystemClock();
const logger = new QuietLogger();
let db: SqliteDatabase;
let log: EmbeddedTopicLog;
let store: SqliteJobStore;
let produced: LogRecord[];
let failures: number;
let publisher: EventPublisher;

beforeEach(async () => {
  db = SqliteDatabase.open({ path: ':memory:', logger });
  log = new EmbeddedTopicLog({ db, clock, logger });
  store = new SqliteJobStore(db);
  await log.ensureTopics({ topics: [{ topic: TOPICS.jobEvents, partitions: 4, retentionMs: 60_000 }] });
  produced = [];
  failures = 0;
  const partitions = new Map([[TOPICS.jobEvents, 4]]);
  publisher = new EventPublisher({ log: failing(log), store, partitions, source: '/test', clock, logger });
});

afterEach(async () => {
  await publisher.stop();
  await log.close();
  db.close();
});

/** The log, refusing the next `failures` produces. */
function failing(target: TopicLog): TopicLog {
  return new Proxy(target, {
    get: (object, name: keyof TopicLog) =>
      name === 'produce'
        ? async (options: { readonly records: readonly LogRecord[] }) => {
            if (failures-- > 0) throw new MaridError('UNAVAILABLE', 'the log is away');
            await object.produce(options);
            produced.push(...options.records);
          }
        : object[name].bind(object),
  });
}

function sequencesOf(job: Job): readonly (number | undefined)[] {
  return produced.filter(({ key }) => key === job.id).map(({ value }) => decodeJobEvent(value)?.transition.sequence);
}

describe('EventPublisher', () => {
  test('sends what is new of each job, in order, and marks it', async () => {
    const job = makeJob();
    await store.insert({ job });
    publisher.publish(job);
    await eventually('the first three', () => sequencesOf(job).length === 3);
    const next = advanceJob(job, 'CLAIMED');
    await store.replace({ job: next });
    publisher.publish(next);
    await eventually('the fourth', () => sequencesOf(job).length === 4);
    expect(sequencesOf(job)).toEqual([1, 2, 3, 4]);
    expect(produced[3]?.headers).toMatchObject({
      ...{ ce_specversion: '1.0', ce_id: `${job.id}/4`, ce_type: 'marid.job.claimed.v1', ce_source: '/test' },
      ce_subject: job.id,
    });
    expect(new Set(produced.map(({ partition }) => partition)).size).toBe(1);
    await publisher.stop();
    expect((await store.get({ id: job.id }))?.publishedSequence).toBe(4);
  });

  test('leaves no gap when the log refuses in between', async () => {
    const job = makeJob();
    failures = 2;
    publisher.publish(job);
    await eventually('a refusal', () => failures < 2);
    publisher.publish(advanceJob(job, 'CLAIMED'));
    await eventually('everything', () => sequencesOf(job).length === 4);
    expect(sequencesOf(job)).toEqual([1, 2, 3, 4]);
  });

  test('sends nothing twice when the sweep finds a job whose mark is late, but marks it', async () => {
    const job = makeJob();
    await store.insert({ job });
    publisher.publish(job);
    await eventually('the first three', () => sequencesOf(job).length === 3);
    publisher.publish(job);
    await publisher.stop();
    expect(sequencesOf(job)).toEqual([1, 2, 3]);
    expect((await store.get({ id: job.id }))?.publishedSequence).toBe(3);
  });

  test('tells the result with the terminal transition only', async () => {
    const result = {
      ...{ exitCode: 3, signal: null, processId: 7, stdoutBytes: 1, stderrBytes: 2 },
      ...{ peakMemoryBytes: null, cpuTimeMs: null },
    };
    const claimed = advanceJob(makeJob(), 'CLAIMED');
    const job = advanceJob(advanceJob(claimed, 'RUNNING'), 'FAILED', { result });
    publisher.publish(job);
    await eventually('everything', () => produced.length === 6);
    const results = produced.map(({ value }) => decodeJobEvent(value)?.result);
    expect(results).toEqual([null, null, null, null, null, result]);
  });
});
