import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteRegistryStore } from '../../../../../infra/store/sqlite/sqlite-registry-store.js';
import { RegistryKeeper } from '../../../../../services/control-plane/registry/registry-keeper.js';
import { eventually } from '../../../../support/eventually.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { makeCluster } from '../../../../support/job-fixtures.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const logger = new QuietLogger();
let clock: FakeClock;
let db: SqliteDatabase;
let store: SqliteRegistryStore;
let keeper: RegistryKeeper;

beforeEach(() => {
  clock = new FakeClock();
  db = SqliteDatabase.open({ path: ':memory:', logger });
  store = new SqliteRegistryStore(db);
  keeper = new RegistryKeeper({ store, clock, logger });
});

afterEach(async () => {
  await keeper.stop();
  db.close();
});

describe('RegistryKeeper', () => {
  test('loads at the start and notices the writes of others', async () => {
    await store.insert({ kind: 'cluster', resource: makeCluster({ id: 'a' }) });
    await keeper.start();
    expect(keeper.index.get('cluster', 'a')).not.toBeNull();
    await store.insert({ kind: 'cluster', resource: makeCluster({ id: 'b' }) });
    await eventually('the other write', async () => {
      await clock.advance(500);
      return keeper.index.get('cluster', 'b');
    });
  });

  test('keeps own writes that come while it loads', async () => {
    const cluster = makeCluster({ id: 'a' });
    await store.insert({ kind: 'cluster', resource: cluster });
    await keeper.start();
    await store.insert({ kind: 'cluster', resource: makeCluster({ id: 'b' }) });
    const { load } = store;
    store.load = async () => {
      const snapshot = await load.call(store);
      keeper.put('cluster', { ...cluster, revision: 2, name: 'new' }); // committed behind the snapshot
      keeper.remove('cluster', 'b');
      return snapshot;
    };
    await keeper.refresh();
    expect(keeper.index.get('cluster', 'a')?.name).toBe('new');
    expect(keeper.index.get('cluster', 'b')).toBeNull();
  });

  test('does not go back to an older version of an entry', async () => {
    await keeper.start();
    const cluster = makeCluster({ id: 'a', revision: 3 });
    keeper.put('cluster', cluster);
    keeper.put('cluster', { ...cluster, revision: 2, name: 'old' });
    expect(keeper.index.get('cluster', 'a')?.revision).toBe(3);
  });
});
