/** The embedded lease against the suite of its port. */
import { EmbeddedLease } from '../../../infra/lease/embedded/embedded-lease.js';
import { SqliteDatabase } from '../../../infra/store/sqlite/sqlite-database.js';
import { FakeClock } from '../../support/fake-clock.js';
import { QuietLogger } from '../../support/quiet-logger.js';
import { leaseSuite } from '../suites/lease.js';

leaseSuite('embedded', async () => {
  const clock = new FakeClock();
  const db = SqliteDatabase.open({ path: ':memory:', logger: new QuietLogger() });
  const lease = new EmbeddedLease({ db, clock });
  return {
    lease,
    elapse: (ms) => clock.advance(ms),
    close: async () => {
      await lease.close();
      db.close();
    },
  };
});
