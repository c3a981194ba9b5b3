import { expect, test } from '@jest/globals';
import { join } from 'node:path';
import { EmbeddedLease } from '../../../../../infra/lease/embedded/embedded-lease.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { makeTemporaryFolder } from '../../../../support/temporary-folder.js';

test('the lease of the process before does not hold up its successor', async () => {
  const folder = makeTemporaryFolder();
  const open = (): SqliteDatabase =>
    SqliteDatabase.open({ path: join(folder.path, 'marid.db'), logger: new QuietLogger() });
  const clock = new FakeClock();
  const first = open();
  expect(await new EmbeddedLease({ db: first, clock }).acquire({ name: 'l', holder: 'a', ttlMs: 60_000 })).toBe(true);
  first.close();
  const second = open();
  expect(await new EmbeddedLease({ db: second, clock }).acquire({ name: 'l', holder: 'b', ttlMs: 60_000 })).toBe(true);
  second.close();
  folder.remove();
});
