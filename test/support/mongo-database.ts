/** Databases of a random name for tests against MongoDB. */
import { randomUUID } from 'node:crypto';
import { describe } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { MongoDatabase } from '../../infra/store/mongo/mongo-database.js';
import type { MongoDatabaseOptions } from '../../infra/store/mongo/mongo-options.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { describeEngine, engineUrl } from './engines.js';
import { QuietLogger } from './quiet-logger.js';

/** A new database and the way to be rid of it. */
export interface TestMongo {
  readonly database: MongoDatabase;
  readonly name: string;
  readonly logger: QuietLogger;
  /** Drops it and closes the connection. */
  close(): Promise<void>;
}

/** Connects to a database that no other test uses. */
export async function openTestMongo(url: string, overrides: Partial<MongoDatabaseOptions> = {}): Promise<TestMongo> {
  const name = overrides.database ?? `marid-test-${randomUUID()}`;
  const logger = new QuietLogger();
  const database = await MongoDatabase.connect({ url, database: name, logger, clock: new SystemClock(), ...overrides });
  const close = async (): Promise<void> => {
    await dropDatabase(url, name);
    await database.close();
  };
  return { database, name, logger, close };
}

/** Removes a database with all that is in it. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  await withClient(url, (client) => client.db(name).dropDatabase());
}

/** Runs `work` with a client of the driver, beside the adapter. */
export async function withClient<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** As `describeEngine('mongo', ...)`, but only on a server that is MongoDB by its own build information; else the tests are skipped and listed. */
export async function describeRealMongo(define: (url: string) => void): Promise<void> {
  const url = await engineUrl('mongo');
  if (url !== null && (await isRealMongo(url))) await describeEngine('mongo', define, { real: true });
  else describe.skip('on mongo, real only: a stand-in or none', () => define('mongodb://127.0.0.1:1/'));
}

async function isRealMongo(url: string): Promise<boolean> {
  const facts = await withClient(url, (client) => client.db('admin').command({ buildInfo: 1 }));
  return 'gitVersion' in facts && 'storageEngines' in facts;
}
