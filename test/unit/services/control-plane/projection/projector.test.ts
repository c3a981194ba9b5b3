import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { partitionOf } from '../../../../../core/dispatch/partition-of.js';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import { TOPICS } from '../../../../../core/fleet/topics.js';
import { claimJob } from '../../../../../core/job/claim.js';
import type { WorkerEvent } from '../../../../../core/job/job.js';
import { EmbeddedTopicLog } from '../../../../../infra/log/embedded/embedded-topic-log.js';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteJobStore } from '../../../../../infra/store/sqlite/sqlite-job-store.js';
import { encodeWorkerEvent } from '../../../../../proto/codec/index.js';
import { JobRepository } from '../../../../../services/control-plane/jobs/job-repository.js';
import { Projector } from '../../../../../services/control-plane/projection/projector.js';
import { eventually } from '../../../../support/eventually.js';
import { makeJob } from '../../../../support/job-fixtures.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { SeededRandom } from '../../../../support/seeded-random.js';

const PARTITIONS = 4;
const clock = new SystemClock();
const logger = new QuietLogger();
const random = new SeededRandom();
let db: SqliteDatabase;
let log: EmbeddedTopicLog;
let store: SqliteJobStore;
let projector: Projector;

function newProjector(through = store): Projector {
  const jobs = new JobRepository({ store: through, onCommitted: () => undefined });
  return new Projector({
    log,
    jobs,
    retry: { maxInfrastructureFailures: 5, backoffMs: [1] },
    partitions: new Map(),
    storePatienceMs: 200,
    clock,
    random,
    logger,
  });
}

beforeEach(async () => {
  db = SqliteDatabase.open({ path: ':memory:', logger });
  log = new EmbeddedTopicLog({ db, clock, logger });
  store = new SqliteJobStore(db);
  await log.ensureTopics({ topics: [{ topic: TOPICS.workerEvents, partitions: PARTITIONS, retentionMs: 60_000 }] });
  projector = newProjector();
});

afterEach(async () => {
  await projector.stop();
  await log.close();
  db.close();
});

async function insertClaimed(id: string): Promise<void> {
  const job = makeJob({ id });
  await store.insert({ job });
  const claim = claimJob(job, { workerId: 'w', host: 'h', session: 's', claimId: 'c', now: clock.now() });
  if (claim.kind === 'claimed') await store.replace({ job: claim.job });
}

async function send(jobId: string, ...statuses: WorkerEvent['status'][]): Promise<void> {
  const records = statuses.map((status, index) => ({
    ...{ topic: TOPICS.workerEvents, partition: partitionOf(jobId, PARTITIONS), key: jobId, headers: {} },
    value: encodeWorkerEvent({
      ...{ jobId, attempt: 1, workerId: 'w', session: 's', sequence: index + 1, at: clock.now(), status },
      ...{ reason: 'TEST', message: '', result: null, infrastructureFailure: false },
    }),
  }));
  await log.produce({ records });
}

const statusOf = async (id: string) => (await store.get({ id }))?.status;

describe('Projector', () => {
  test('repeats what an outage of the store refused, and commits only then', async () => {
    await insertClaimed('a');
    const { replace } = store;
    let refused = 0;
    store.replace = () => {
      refused += 1;
      return Promise.reject(new MaridError('UNAVAILABLE', 'the store is away'));
    };
    await projector.start();
    await send('a', 'RUNNING', 'SUCCEEDED');
    await eventually('two refusals', () => refused >= 2);
    await projector.stop(); // nothing was applied, so nothing was committed: the successor reads it again
    store.replace = replace;
    projector = newProjector();
    await projector.start();
    await eventually('the end', async () => (await statusOf('a')) === 'SUCCEEDED');
    expect(projector.counts).toEqual({ applied: 2, stale: 0, poison: 0 });
  });

  test('leaves its partitions to another that reaches the store while it does not, and takes part again later', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `job-${String(index)}`);
    for (const id of ids) await insertClaimed(id);
    const cutOff = new SqliteJobStore(db);
    let away = true;
    const get = cutOff.get.bind(cutOff);
    cutOff.get = (options) =>
      away ? Promise.reject(new MaridError('UNAVAILABLE', 'the store is away')) : get(options);
    const first = newProjector(cutOff);
    await first.start();
    await projector.start();
    for (const id of ids) await send(id, 'RUNNING', 'SUCCEEDED');
    await eventually('all ends', async () => {
      const statuses = await Promise.all(ids.map(statusOf));
      return statuses.every((status) => status === 'SUCCEEDED');
    });
    expect(first.counts.applied).toBe(0);
    await projector.stop();
    await insertClaimed('later');
    await send('later', 'RUNNING');
    away = false;
    await eventually('what came later', async () => (await statusOf('later')) === 'RUNNING');
    await first.stop();
  });

  test('reads nothing again after it has stopped in peace', async () => {
    await insertClaimed('a');
    await projector.start();
    await send('a', 'RUNNING');
    await eventually('its start', async () => (await statusOf('a')) === 'RUNNING');
    await projector.stop();
    projector = newProjector();
    await projector.start();
    expect(await projector.caughtUp(5000)).toBe(true);
    expect(projector.counts).toEqual({ applied: 0, stale: 0, poison: 0 });
  });

  test('passes over what can never be applied, and goes on with other jobs', async () => {
    await insertClaimed('bad');
    await insertClaimed('good');
    const { replace } = store;
    store.replace = (options) =>
      options.job.id === 'bad' ? Promise.reject(new TypeError('a defect')) : replace.call(store, options);
    await projector.start();
    await send('bad', 'RUNNING');
    await send('good', 'RUNNING');
    await eventually('the poison', () => projector.counts.poison === 1);
    await eventually('the other job', async () => (await statusOf('good')) === 'RUNNING');
    store.replace = replace;
  });

  test('has caught up exactly when everything sent before is applied', async () => {
    await insertClaimed('a');
    await send('a', 'INIT', 'RUNNING', 'SUCCEEDED');
    await projector.start();
    expect(await projector.caughtUp(5000)).toBe(true);
    expect(await statusOf('a')).toBe('SUCCEEDED');
  });
});
