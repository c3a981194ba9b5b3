/** The stores in MongoDB against the suites of their ports. The title says on what: a stand-in proves less than MongoDB. */
import { MongoFleetStore } from '../../../infra/store/mongo/mongo-fleet-store.js';
import { MongoJobStore } from '../../../infra/store/mongo/mongo-job-store.js';
import { MongoJobSurvey } from '../../../infra/store/mongo/mongo-job-survey.js';
import { MongoRegistryStore } from '../../../infra/store/mongo/mongo-registry-store.js';
import { MongoUserSlotStore } from '../../../infra/store/mongo/mongo-user-slot-store.js';
import type { MongoDatabase } from '../../../infra/store/mongo/mongo-database.js';
import { describeEngine } from '../../support/engines.js';
import { openTestMongo } from '../../support/mongo-database.js';
import { fleetStoreSuite } from '../suites/fleet-store.js';
import { jobStoreSuite } from '../suites/job-store.js';
import { jobSurveySuite } from '../suites/job-survey.js';
import { registryStoreSuite } from '../suites/registry-store.js';
import { userSlotStoreSuite } from '../suites/user-slot-store.js';

await describeEngine('mongo', (url) => {
  jobStoreSuite('mongo', () => open(url, (database) => ({ store: new MongoJobStore(database) })));
  jobSurveySuite('mongo', () =>
    open(url, (database) => ({ store: new MongoJobStore(database), survey: new MongoJobSurvey(database) })),
  );
  registryStoreSuite('mongo', () => open(url, (database) => ({ store: new MongoRegistryStore(database) })));
  fleetStoreSuite('mongo', () => open(url, (database) => ({ store: new MongoFleetStore(database) })));
  userSlotStoreSuite('mongo', () => open(url, (database) => ({ store: new MongoUserSlotStore(database) })));
});

async function open<T>(url: string, make: (database: MongoDatabase) => T): Promise<T & { close(): Promise<void> }> {
  const { database, close } = await openTestMongo(url);
  return { ...make(database), close };
}
