/** Writes to MongoDB whose answer is lost on the way: what was stored is known by its mark. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Job } from '../../core/job/job.js';
import { MongoJobStore } from '../../infra/store/mongo/mongo-job-store.js';
import { MongoRegistryStore } from '../../infra/store/mongo/mongo-registry-store.js';
import { CALL_MS } from '../../infra/store/mongo/mongo-limits.js';
import { describeEngine } from '../support/engines.js';
import { eventually } from '../support/eventually.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { advanceJob, makeCluster, makeJob } from '../support/job-fixtures.js';
import { openTestMongo, type TestMongo } from '../support/mongo-database.js';

await describeEngine('mongo', (url) => {
  let proxy: FaultProxy;
  /** Past the proxy, to see what is stored. */
  let direct: TestMongo;
  let through: TestMongo;
  let seen: MongoJobStore;
  let store: MongoJobStore;

  beforeEach(async () => {
    proxy = await FaultProxy.open(new URL(url).host);
    direct = await openTestMongo(url);
    const proxied = `mongodb://${proxy.url}/?directConnection=true`;
    through = await openTestMongo(proxied, { database: direct.name });
    seen = new MongoJobStore(direct.database);
    store = new MongoJobStore(through.database);
  });
  afterEach(async () => {
    proxy.fault = { kind: 'none' };
    await through.database.close();
    await direct.close();
    await proxy.close();
  });

  async function isStored(job: Job): Promise<boolean> {
    return (await seen.get({ id: job.id }))?.revision === job.revision;
  }

  describe('a write that was stored while its answer was lost', () => {
    test('is answered with true once the server can be asked: an insert', async () => {
      const job = makeJob();
      await store.get({ id: job.id });
      proxy.fault = { kind: 'lost-answers' };
      const write = store.insert({ job });
      await eventually('it is stored', () => isStored(job));
      proxy.fault = { kind: 'none' };
      expect(await write).toBe(true);
      expect(await seen.get({ id: job.id })).toEqual(job);
    });

    test('is answered with true once the server can be asked: the one replace that won', async () => {
      const job = makeJob();
      await store.insert({ job });
      const attempts = ['a', 'b', 'c'].map((workerId) => advanceJob(job, 'CLAIMED', { workerId }));
      proxy.fault = { kind: 'lost-answers' };
      const writes = attempts.map((each) => store.replace({ job: each }));
      await eventually('one is stored', async () => (await seen.get({ id: job.id }))?.revision === 2);
      proxy.fault = { kind: 'none' };
      const results = await Promise.all(writes);
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await seen.get({ id: job.id })).toEqual(attempts[results.indexOf(true)]);
    });

    test('is answered with true also when others have changed the job since', async () => {
      const job = makeJob();
      await store.insert({ job });
      const claimed = advanceJob(job, 'CLAIMED');
      proxy.fault = { kind: 'lost-answers' };
      const write = store.replace({ job: claimed });
      await eventually('it is stored', () => isStored(claimed));
      let latest = claimed;
      for (const status of ['INIT', 'RUNNING', 'SUCCEEDED'] as const) {
        latest = advanceJob(latest, status);
        expect(await seen.replace({ job: latest })).toBe(true);
      }
      proxy.fault = { kind: 'none' };
      expect(await write).toBe(true);
      expect(await seen.get({ id: job.id })).toEqual(latest);
    });

    test('is DEADLINE_EXCEEDED in bounded time when nobody can be asked', async () => {
      const job = makeJob();
      await store.get({ id: job.id });
      proxy.fault = { kind: 'lost-answers' };
      const startedAt = performance.now();
      await expect(store.insert({ job })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', retryable: true });
      expect(performance.now() - startedAt).toBeLessThan(CALL_MS + 2500);
      expect(await isStored(job)).toBe(true);
    });
  });

  describe('a write that was not stored', () => {
    test('is answered with false when another took the revision', async () => {
      const job = makeJob();
      await store.insert({ job });
      proxy.fault = { kind: 'half-open' };
      const write = store.replace({ job: advanceJob(job, 'CLAIMED', { workerId: 'slow' }) });
      const winner = advanceJob(job, 'CLAIMED', { workerId: 'quick' });
      expect(await seen.replace({ job: winner })).toBe(true);
      proxy.fault = { kind: 'none' };
      expect(await write).toBe(false);
      expect(await seen.get({ id: job.id })).toEqual(winner);
    });

    test('is sent once more, and done once', async () => {
      const job = makeJob();
      await store.insert({ job });
      const claimed = advanceJob(job, 'CLAIMED');
      const other = makeJob();
      proxy.fault = { kind: 'half-open' };
      const before = proxy.connections;
      const writes = [store.replace({ job: claimed }), store.insert({ job: other })];
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      proxy.fault = { kind: 'none' };
      proxy.cut();
      expect(await Promise.all(writes)).toEqual([true, true]);
      expect(proxy.connections).toBeGreaterThan(before);
      expect(await seen.getMany({ ids: [job.id, other.id] })).toEqual([claimed, other]);
    });
  });

  test('a read whose answer is lost is asked again or fails in bounded time', async () => {
    const job = makeJob();
    await store.insert({ job });
    proxy.fault = { kind: 'lost-answers' };
    const startedAt = performance.now();
    await expect(store.get({ id: job.id })).rejects.toMatchObject({
      code: expect.stringMatching(/^(UNAVAILABLE|DEADLINE_EXCEEDED)$/),
    });
    expect(performance.now() - startedAt).toBeLessThan(CALL_MS + 2500);
    proxy.fault = { kind: 'none' };
    expect(await eventually('reads work again', () => store.get({ id: job.id }).catch(() => null))).toEqual(job);
  });

  test('a registry write whose answer is lost is told to every reader', async () => {
    const registry = new MongoRegistryStore(through.database);
    const reader = new MongoRegistryStore(direct.database);
    const cluster = makeCluster();
    const before = await reader.revision();
    proxy.fault = { kind: 'lost-answers' };
    const write = registry.insert({ kind: 'cluster', resource: cluster });
    await eventually('it is stored', () => reader.get({ kind: 'cluster', id: cluster.id }));
    expect(await reader.revision()).toBeGreaterThan(before);
    expect((await reader.load()).clusters).toEqual([cluster]);
    proxy.fault = { kind: 'none' };
    expect(await write).toBe(true);
  });
});
