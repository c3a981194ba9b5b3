/** Sees whether a MongoDB database can be used, without setting it up. */
import { MongoClient } from 'mongodb';
import { MaridError } from '../../core/errors/marid-error.js';
import { translateMongoError } from '../store/mongo/mongo-errors.js';
import { clientOptions } from '../store/mongo/mongo-options.js';
import { needsSetUp } from '../store/mongo/mongo-schema.js';
import { checkServer } from '../store/mongo/mongo-servers.js';
import type { EngineChoice } from './engine-options.js';
import type { EngineRuntime } from './open-control-plane-engines.js';

/** Connects, looks at the server and the version of the schema. Rejects as `MongoDatabase.connect`. */
export async function checkMongo(
  { mongoUrl: url, mongoDatabase: database }: Pick<EngineChoice, 'mongoUrl' | 'mongoDatabase'>,
  runtime: EngineRuntime,
): Promise<void> {
  if (url === null) throw new MaridError('INVALID_ARGUMENT', 'mongoUrl is required, because store is mongo.');
  let client: MongoClient | null = null;
  try {
    client = new MongoClient(url, clientOptions({ url, database, ...runtime }));
    await client.connect();
    await checkServer(client, runtime.logger);
    await needsSetUp(client.db(database), database);
  } catch (error) {
    throw translateMongoError(error, database);
  } finally {
    await client?.close();
  }
}
