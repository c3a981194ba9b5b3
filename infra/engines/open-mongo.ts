/** The stores on MongoDB as it is configured; loads the driver. */
import { MaridError } from '../../core/errors/marid-error.js';
import { MongoDatabase } from '../store/mongo/mongo-database.js';
import { MongoFleetStore } from '../store/mongo/mongo-fleet-store.js';
import { MongoJobStore } from '../store/mongo/mongo-job-store.js';
import { MongoJobSurvey } from '../store/mongo/mongo-job-survey.js';
import { MongoRegistryStore } from '../store/mongo/mongo-registry-store.js';
import { MongoUserSlotStore } from '../store/mongo/mongo-user-slot-store.js';
import type { EngineChoice } from './engine-options.js';
import type { EngineRuntime } from './open-control-plane-engines.js';

export { EngineRecord } from '../store/mongo/engine-record.js';

/** Connects; the caller closes the database. Rejects as `MongoDatabase.connect`. */
export async function openMongo(choice: Pick<EngineChoice, 'mongoUrl' | 'mongoDatabase'>, runtime: EngineRuntime) {
  const { mongoUrl: url, mongoDatabase: name } = choice;
  if (url === null) throw new MaridError('INVALID_ARGUMENT', 'mongoUrl is required, because store is mongo.');
  const database = await MongoDatabase.connect({ url, database: name, ...runtime });
  return {
    database,
    jobs: new MongoJobStore(database),
    survey: new MongoJobSurvey(database),
    registry: new MongoRegistryStore(database),
    fleet: new MongoFleetStore(database),
    userSlots: new MongoUserSlotStore(database),
  };
}
