/** What the MongoDB stores promise beyond their ports: start, versions, indexes, batching, and repair of what a dead process left. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import { randomUUID } from 'node:crypto';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { MongoDatabase } from '../../infra/store/mongo/mongo-database.js';
import { MongoFleetStore } from '../../infra/store/mongo/mongo-fleet-store.js';
import { MongoJobStore } from '../../infra/store/mongo/mongo-job-store.js';
import { MongoRegistryStore } from '../../infra/store/mongo/mongo-registry-store.js';
import { INDEXES } from '../../infra/store/mongo/mongo-schema.js';
import { describeEngine } from '../support/engines.js';
import { advanceJob, makeCluster, makeJob, makeWorker } from '../support/job-fixtures.js';
import { recordCommands } from '../support/mongo-commands.js';
import { dropDatabase, openTestMongo, withClient, type TestMongo } from '../support/mongo-database.js';
import { QuietLogger } from '../support/quiet-logger.js';

await describeEngine('mongo', (url) => {
  const monitored = `${url}${url.includes('?') ? '&' : '?'}monitorCommands=true`;
  let mongo: TestMongo;
  beforeEach(async () => {
    mongo = await openTestMongo(monitored);
  });
  afterEach(() => mongo.close());

  const connect = (overrides: { readonly url?: string } = {}): Promise<MongoDatabase> => {
    const rest = { logger: new QuietLogger(), clock: new SystemClock() };
    return MongoDatabase.connect({ url, database: mongo.name, ...rest, ...overrides });
  };
  const collection = <T>(name: string, work: (db: Collection<Document & { _id: string }>) => Promise<T>) =>
    withClient(url, (client) => work(client.db(mongo.name).collection(name)));

  describe('connect', () => {
    test('makes every index, and makes none again', async () => {
      for (const name of ['jobs', 'registry', 'workers']) {
        const found = await collection(name, (each) => each.listIndexes().toArray());
        const wanted = INDEXES.filter((each) => each.collection === name).map((each) => each.name);
        expect(namesOf(found)).toEqual(['_id_', ...wanted].toSorted());
      }
      const logger = new QuietLogger();
      const again = await MongoDatabase.connect({ url, database: mongo.name, logger, clock: new SystemClock() });
      await again.close();
      expect(logger.lines.map((line) => line.message)).not.toContain('mongodb index is being made');
    });

    test('of many processes at once, all come up', async () => {
      const database = `marid-test-${randomUUID()}`;
      const options = { url, database, logger: new QuietLogger(), clock: new SystemClock() };
      const opened = await Promise.all(Array.from({ length: 5 }, () => MongoDatabase.connect(options)));
      expect(await new MongoFleetStore(opened[4] ?? mongo.database).nextTerm({ name: 'x' })).toBe(1);
      await Promise.all(opened.map((each) => each.close()));
      await dropDatabase(url, database);
    });

    test('a database of a later version is refused and left alone', async () => {
      await collection('schema', (each) => each.updateOne({ _id: 'marid' }, { $set: { version: 999 } }));
      await expect(connect()).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(/later Marid \(schema version 999; this one knows \d+\): use that one/),
      });
      expect(await collection('schema', (each) => each.findOne({ _id: 'marid' }))).toMatchObject({ version: 999 });
    });

    test('an index of ours that somebody made otherwise is refused by name', async () => {
      await collection('jobs', async (each) => {
        await each.dropIndex('due');
        await each.createIndex({ dueAt: -1 }, { name: 'due' });
      });
      await expect(connect()).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('index due of jobs'),
      });
    });

    test('an index that is missing is made again', async () => {
      await collection('jobs', (each) => each.dropIndex('waiting'));
      await (await connect()).close();
      expect(await collection('jobs', (each) => each.indexExists('waiting'))).toBe(true);
    });

    test('nobody there is UNAVAILABLE within seconds, and the password is told to nobody', async () => {
      const error: unknown = await connect({ url: 'mongodb://me:s3cret@127.0.0.1:1/' }).catch(
        (caught: unknown) => caught,
      );
      expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('127.0.0.1:1') });
      expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain('s3cret');
    });

    test('a URL or a TLS file that is wrong is INVALID_ARGUMENT', async () => {
      for (const wrong of [
        'mongodb://',
        'mongodb://h/?nonsense=1',
        'mongodb://127.0.0.1:1/?tls=true&tlsCAFile=/no/such/file',
      ]) {
        await expect(connect({ url: wrong })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      }
    });
  });

  test('every command has a time limit, and every write asks for a majority', async () => {
    const sent = recordCommands(mongo.database);
    await useEverything(mongo.database);
    const ours = sent.filter(({ name }) => !['hello', 'endSessions'].includes(name));
    expect(new Set(ours.map(({ name }) => name))).toEqual(
      new Set(['insert', 'update', 'delete', 'find', 'findAndModify', 'aggregate']),
    );
    expect(ours.filter(({ command }) => typeof command['maxTimeMS'] !== 'number')).toEqual([]);
    const reads = ours.filter(({ name }) => name === 'find' || name === 'aggregate');
    expect(reads.filter(({ command }) => concernOf(command['readConcern'], 'level') !== 'majority')).toEqual([]);
    const writes = ours.filter((each) => !reads.includes(each));
    expect(writes.filter(({ command }) => concernOf(command['writeConcern'], 'w') !== 'majority')).toEqual([]);
    expect(writes.filter(({ command }) => concernOf(command['writeConcern'], 'wtimeout') !== 3000)).toEqual([]);
    expect(ours.filter(({ command }) => 'txnNumber' in command || 'collation' in command)).toEqual([]);
  });

  test('writes that are in flight together share commands', async () => {
    const store = new MongoJobStore(mongo.database);
    const sent = recordCommands(mongo.database);
    const jobs = Array.from({ length: 600 }, () => makeJob());
    expect(await Promise.all(jobs.map((job) => store.insert({ job })))).toEqual(jobs.map(() => true));
    expect(sent.length).toBeLessThanOrEqual(4);
    const claimed = jobs.map((job) => advanceJob(job, 'CLAIMED'));
    expect(await Promise.all(claimed.map((job) => store.replace({ job })))).toEqual(jobs.map(() => true));
    expect(sent.length).toBeLessThanOrEqual(8);
  });

  test('what is read while its client is closed fails, and does not lack the rest', async () => {
    const store = new MongoJobStore(mongo.database);
    await Promise.all(Array.from({ length: 9 }, () => store.insert({ job: makeJob() })));
    const database = await connect();
    const reading = database.within(async () => {
      const found: unknown[] = [];
      for await (const each of database.collection('jobs').find({}, { batchSize: 2 })) {
        found.push(each);
        await database.close();
      }
      return found.length;
    });
    await expect(reading).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('an update carries nothing of the request', async () => {
    const store = new MongoJobStore(mongo.database);
    const job = makeJob();
    await store.insert({ job });
    const sent = recordCommands(mongo.database);
    await store.replace({ job: advanceJob(job, 'CLAIMED') });
    expect(JSON.stringify(sent)).not.toMatch(/details|tokens|commandCriterion/);
  });

  test('keys that field names may not be come back as they were put in', async () => {
    const store = new MongoJobStore(mongo.database);
    const metadata = { $set: { 'a.b': 1, $where: [{ '': 0 }] }, 'nul\0': -0.5, constructor: 'x', lone: '\ud800' };
    const job = makeJob({ request: { ...makeJob().request, metadata } });
    await store.insert({ job });
    expect(await store.get({ id: job.id })).toEqual(job);
    const registry = new MongoRegistryStore(mongo.database);
    const cluster = makeCluster({ metadata });
    await registry.insert({ kind: 'cluster', resource: cluster });
    expect((await registry.load()).clusters).toEqual([cluster]);
  });

  test('a job of more than 16 MiB is INVALID_ARGUMENT and takes no other write along', async () => {
    const store = new MongoJobStore(mongo.database);
    const large = makeJob({ request: { ...makeJob().request, description: 'x'.repeat(17_000_000) } });
    const small = makeJob();
    const results = await Promise.allSettled([store.insert({ job: large }), store.insert({ job: small })]);
    expect(results).toMatchObject([{ reason: { code: 'INVALID_ARGUMENT' } }, { value: true }]);
  });

  test('jobs that were published while an older copy was replaced do not hide the unpublished', async () => {
    const store = new MongoJobStore(mongo.database);
    const jobs = Array.from({ length: 5 }, (_, index) => makeJob({ createdAt: 1000 + index }));
    const last = makeJob({ createdAt: 3000 });
    await Promise.all([...jobs, last].map((job) => store.insert({ job })));
    await store.markPublished({ marks: jobs.map(({ id }) => ({ id, sequence: 3 })) });
    for (const job of jobs) await store.replace({ job: advanceJob(job, 'ACCEPTED', { offers: 1 }) });
    expect(await store.unpublished({ updatedBefore: 5000, limit: 2 })).toEqual([last]);
    const held = await collection('jobs', (each) => each.countDocuments({ unpublishedSince: { $exists: true } }));
    expect(held).toBe(1);
  });

  describe('a registry write whose process died before it raised the revision', () => {
    const die = (id: string, change: Document) => collection('registry', (each) => each.updateOne({ _id: id }, change));

    test('is told by the next reader', async () => {
      const registry = new MongoRegistryStore(mongo.database);
      const cluster = makeCluster();
      await registry.insert({ kind: 'cluster', resource: cluster });
      const before = await registry.revision();
      const document = JSON.stringify({ ...cluster, revision: 2, name: 'changed' });
      await die(`cluster:${cluster.id}`, { $set: { revision: 2, document, unannounced: '2:dead' } });
      const raised = await registry.revision();
      expect(raised).toBeGreaterThan(before);
      expect(await registry.revision()).toBe(raised);
      expect(await registry.load()).toMatchObject({ revision: raised, clusters: [{ name: 'changed' }] });
    });

    test('when it was a deletion, the entry is gone, its id is free, and what is left is cleaned up', async () => {
      const registry = new MongoRegistryStore(mongo.database);
      const [first, second] = [makeCluster(), makeCluster()];
      for (const resource of [first, second]) {
        await registry.insert({ kind: 'cluster', resource });
        const change = { $set: { revision: 2, document: '', deleted: true, unannounced: '2:dead' } };
        await die(`cluster:${resource.id}`, change);
      }
      expect(await registry.get({ kind: 'cluster', id: first.id })).toBeNull();
      expect((await registry.load()).clusters).toEqual([]);
      expect(await registry.replace({ kind: 'cluster', resource: { ...first, revision: 3 } })).toBe(false);
      expect(await registry.delete({ kind: 'cluster', id: first.id, revision: 2 })).toBe(false);
      expect(await registry.insert({ kind: 'cluster', resource: first })).toBe(true);
      await registry.revision();
      expect((await registry.load()).clusters).toEqual([first]);
      expect(await collection('registry', (each) => each.countDocuments({ kind: 'cluster' }))).toBe(1);
    });
  });

  test('a reader that follows the revision ends with what many writers left', async () => {
    const registry = new MongoRegistryStore(mongo.database);
    const reader = new MongoRegistryStore(mongo.database);
    let snapshot = await reader.load();
    let writing = true;
    const following = (async () => {
      while (writing) if ((await reader.revision()) > snapshot.revision) snapshot = await reader.load();
    })();
    const clusters = Array.from({ length: 8 }, () => makeCluster());
    await Promise.all(
      clusters.map(async (cluster, index) => {
        await registry.insert({ kind: 'cluster', resource: cluster });
        for (let revision = 2; revision <= 5; revision += 1) {
          await registry.replace({ kind: 'cluster', resource: { ...cluster, revision, name: String(revision) } });
        }
        if (index % 2 === 0) await registry.delete({ kind: 'cluster', id: cluster.id, revision: 5 });
      }),
    );
    writing = false;
    await following;
    if ((await reader.revision()) > snapshot.revision) snapshot = await reader.load();
    const left = clusters.filter((_, index) => index % 2 === 1).map(({ id }) => id);
    expect(snapshot.clusters.map(({ id, name }) => [id, name])).toEqual(left.toSorted().map((id) => [id, '5']));
  });

  test('after close, calls are UNAVAILABLE, and close may be repeated', async () => {
    const database = await connect();
    await Promise.all([database.close(), database.close()]);
    const store = new MongoJobStore(database);
    await expect(store.get({ id: 'x' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(store.insert({ job: makeJob() })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

function namesOf(indexes: readonly Document[]): readonly string[] {
  return indexes.map((each) => String((each as { readonly name?: unknown }).name)).toSorted();
}

function concernOf(concern: unknown, field: string): unknown {
  return typeof concern === 'object' && concern !== null ? (concern as Record<string, unknown>)[field] : undefined;
}

async function useEverything(database: MongoDatabase): Promise<void> {
  const [jobs, registry, fleet] = [
    new MongoJobStore(database),
    new MongoRegistryStore(database),
    new MongoFleetStore(database),
  ];
  const job = makeJob();
  await jobs.insert({ job });
  await jobs.replace({ job: advanceJob(job, 'KILLED') });
  await jobs.waiting({ pool: 'p', memoryMb: 1, limit: 1 });
  await jobs.unpublished({ updatedBefore: Number.MAX_SAFE_INTEGER, limit: 1 });
  await jobs.markPublished({ marks: [{ id: job.id, sequence: 1 }] });
  await jobs.countActive({});
  await jobs.purge({ endedBefore: Number.MAX_SAFE_INTEGER, limit: 10 });
  const cluster = makeCluster();
  await registry.insert({ kind: 'cluster', resource: cluster });
  await registry.delete({ kind: 'cluster', id: cluster.id, revision: 1 });
  await registry.load();
  await registry.revision();
  const worker = makeWorker();
  await fleet.putWorker({ worker });
  await fleet.putWorker({ worker: { ...worker, revision: 2 } });
  await fleet.listWorkers();
  await fleet.purgeWorkers({ ids: [worker.id], seenBefore: Number.MAX_SAFE_INTEGER });
  await fleet.nextTerm({ name: 'x' });
  const run = {
    name: 't',
    startedAt: 1,
    durationMs: 1,
    succeeded: true,
    outcome: '',
    leader: 'l',
    term: 1,
    answered: 0,
  };
  await fleet.putTaskRun({ run });
  await fleet.putTaskControl({ control: { name: 't', revision: 1, paused: false, requests: 1 } });
  await fleet.listTaskControls();
  await fleet.listTaskRuns();
}
