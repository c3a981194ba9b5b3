import { expect, describe, test } from '@jest/globals';
import type { WorkerRecord } from '../../../../../core/fleet/worker-record.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteFleetStore } from '../../../../../infra/store/sqlite/sqlite-fleet-store.js';
import { WorkerDirectory } from '../../../../../services/control-plane/fleet/worker-directory.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { makeWorker } from '../../../../support/job-fixtures.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

/** A store that counts what is read of single workers. */
class CountingStore extends SqliteFleetStore {
  reads = 0;

  override getWorker(options: { readonly id: string }): Promise<WorkerRecord | null> {
    this.reads += 1;
    return super.getWorker(options);
  }
}

async function open(alone: boolean) {
  const logger = new QuietLogger();
  const db = SqliteDatabase.open({ path: ':memory:', logger });
  const store = new CountingStore(db);
  const clock = new FakeClock();
  const worker = makeWorker({ id: 'w', revision: 1 });
  await store.putWorker({ worker });
  return { store, clock, worker, directory: new WorkerDirectory({ store, alone, clock, logger }) };
}

describe('WorkerDirectory.recent', () => {
  test('reads a record again when it is too old, because others may have written it', async () => {
    const { store, clock, worker, directory } = await open(false);
    await directory.recent('w', 1000);
    await directory.recent('w', 1000);
    expect(store.reads).toBe(1);
    await store.putWorker({ worker: { ...worker, revision: 2, draining: true } });
    await clock.advance(1001);
    expect((await directory.recent('w', 1000))?.record.draining).toBe(true);
    expect(store.reads).toBe(2);
  });

  test('reads a record once where nobody else writes', async () => {
    const { store, clock, worker, directory } = await open(true);
    await directory.recent('w', 1000);
    await clock.advance(60_000);
    directory.noteRecord({ ...worker, revision: 2, draining: true });
    expect((await directory.recent('w', 1000))?.record.draining).toBe(true);
    expect([store.reads, await directory.recent('other', 1000)]).toEqual([1, null]);
  });
});

test('the largest budget of a pool is that of its living workers; any that is enough will do', async () => {
  const { directory, clock } = await open(true);
  const note = (id: string, memoryBudgetMb: number, more: Partial<WorkerRecord> = {}) =>
    directory.noteRecord(makeWorker({ ...{ id, pool: 'p', memoryBudgetMb, seenAt: clock.now() }, ...more }));
  expect(directory.largestBudgetMb('p')).toBeNull();
  note('a', 100);
  note('b', 300, { draining: true });
  note('c', 200);
  note('stopped', 900, { stopped: true });
  note('silent', 900, { seenAt: 0 });
  note('elsewhere', 900, { pool: 'q' });
  expect(directory.largestBudgetMb('p')).toBe(300);
  expect([50, 150, 301].map((enoughMb) => directory.largestBudgetMb('p', enoughMb))).toEqual([100, 300, 300]);
});
