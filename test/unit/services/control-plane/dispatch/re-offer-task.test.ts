import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { jobTopic } from '../../../../../core/fleet/topics.js';
import { EmbeddedTopicLog } from '../../../../../infra/log/embedded/embedded-topic-log.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteJobStore } from '../../../../../infra/store/sqlite/sqlite-job-store.js';
import { decodeOffer, type JobOffer } from '../../../../../proto/codec/index.js';
import { Offerer } from '../../../../../services/control-plane/dispatch/offerer.js';
import { ReOfferTask } from '../../../../../services/control-plane/dispatch/re-offer-task.js';
import { JobRepository } from '../../../../../services/control-plane/jobs/job-repository.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { eventually } from '../../../../support/eventually.js';
import { makeJob } from '../../../../support/job-fixtures.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { SeededRandom } from '../../../../support/seeded-random.js';

const logger = new QuietLogger();
const topic = jobTopic('default');
let clock: FakeClock;
let db: SqliteDatabase;
let log: EmbeddedTopicLog;
let store: SqliteJobStore;
let offerer: Offerer;
let task: ReOfferTask;
let offers: { readonly offer: JobOffer | null; readonly partition: number }[];

beforeEach(async () => {
  clock = new FakeClock();
  db = SqliteDatabase.open({ path: ':memory:', logger });
  log = new EmbeddedTopicLog({ db, clock, logger });
  store = new SqliteJobStore(db);
  await log.ensureTopics({ topics: [{ topic, partitions: 4, retentionMs: 60_000 }] });
  const targets = () => [{ memoryFreeMb: 4000, partitions: [2] }];
  const shared = { log, targets, grants: null, random: new SeededRandom(), logger };
  offerer = new Offerer({ ...shared, partitions: new Map([[topic, 4]]) });
  const jobs = new JobRepository({ store, onCommitted: () => undefined });
  task = new ReOfferTask({ store, jobs, offerer, clock });
  offers = [];
  await log.subscribe({
    topics: [topic],
    start: { kind: 'positions', positions: [] },
    onRecords: (records) => {
      offers.push(...records.map(({ value, partition }) => ({ offer: decodeOffer(value), partition })));
    },
    onBroken: () => undefined,
  });
});

afterEach(async () => {
  await offerer.stop();
  await log.close();
  db.close();
});

describe('ReOfferTask', () => {
  test('offers what is due, where there is room, and again after the back-off', async () => {
    const job = makeJob({ id: 'a', nextOfferAt: clock.now() + 2000 });
    await store.insert({ job });
    const run = () => task.run(new AbortController().signal);
    expect(await run()).toBe('0 jobs offered again');
    await clock.advance(2000);
    expect(await run()).toBe('1 jobs offered again');
    expect(await run()).toBe('0 jobs offered again');
    await clock.advance(10_000);
    expect(await run()).toBe('1 jobs offered again');
    await eventually('both offers', () => offers.length === 2);
    expect(offers).toEqual([
      { offer: { jobId: 'a', memoryMb: job.memoryMb, offer: 2 }, partition: 2 },
      { offer: { jobId: 'a', memoryMb: job.memoryMb, offer: 3 }, partition: 2 },
    ]);
  });
});
