/** The embedded stores against the suites of their ports. */
import { join } from 'node:path';
import { SqliteDatabase } from '../../../infra/store/sqlite/sqlite-database.js';
import { SqliteFleetStore } from '../../../infra/store/sqlite/sqlite-fleet-store.js';
import { SqliteJobStore } from '../../../infra/store/sqlite/sqlite-job-store.js';
import { SqliteJobSurvey } from '../../../infra/store/sqlite/sqlite-job-survey.js';
import { SqliteRegistryStore } from '../../../infra/store/sqlite/sqlite-registry-store.js';
import { SqliteUserSlotStore } from '../../../infra/store/sqlite/sqlite-user-slot-store.js';
import { QuietLogger } from '../../support/quiet-logger.js';
import { makeTemporaryFolder } from '../../support/temporary-folder.js';
import { fleetStoreSuite } from '../suites/fleet-store.js';
import { jobStoreSuite } from '../suites/job-store.js';
import { jobSurveySuite } from '../suites/job-survey.js';
import { registryStoreSuite } from '../suites/registry-store.js';
import { userSlotStoreSuite } from '../suites/user-slot-store.js';

jobStoreSuite('SQLite', async () => open((db) => ({ store: new SqliteJobStore(db) })));
jobSurveySuite('SQLite', async () =>
  open((db) => ({ store: new SqliteJobStore(db), survey: new SqliteJobSurvey(db) })),
);
registryStoreSuite('SQLite', async () => open((db) => ({ store: new SqliteRegistryStore(db) })));
fleetStoreSuite('SQLite', async () => open((db) => ({ store: new SqliteFleetStore(db) })));
userSlotStoreSuite('SQLite', async () => open((db) => ({ store: new SqliteUserSlotStore(db) })));

function open<T>(make: (db: SqliteDatabase) => T): T & { close(): Promise<void> } {
  const folder = makeTemporaryFolder();
  const db = SqliteDatabase.open({ path: join(folder.path, 'marid.db'), logger: new QuietLogger() });
  return {
    ...make(db),
    close: async () => {
      db.close();
      folder.remove();
    },
  };
}
