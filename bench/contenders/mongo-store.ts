/** Marid's job store in a MongoDB that runs already. */
import { randomUUID } from 'node:crypto';
import { errorText } from '../../core/errors/system-error.js';
import type { JobStore } from '../../core/ports/job-store.js';
import { PinoLogger } from '../../infra/runtime/pino-logger.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { MongoDatabase } from '../../infra/store/mongo/mongo-database.js';
import { MongoJobStore } from '../../infra/store/mongo/mongo-job-store.js';
import { clientOptions, type MongoDatabaseOptions } from '../../infra/store/mongo/mongo-options.js';

/** Does the work with a store in a new database, whose place it reports, and drops that. Rejects as `MongoDatabase.connect` does, and as the work. */
export async function inMongo<T>(
  url: string,
  report: (line: string) => void,
  work: (store: JobStore) => Promise<T>,
): Promise<T> {
  const name = `marid-bench-${randomUUID()}`;
  const logger = PinoLogger.create({ level: 'warn' });
  const options = { url, database: name, logger, clock: new SystemClock() };
  const database = await MongoDatabase.connect(options);
  report(`MongoDB: database ${database.place}, dropped at the end`);
  try {
    return await work(new MongoJobStore(database));
  } finally {
    await database.close();
    await drop(options, name).catch((error: unknown) => {
      report(`The database ${database.place} is left behind: ${errorText(error)}`);
    });
  }
}

async function drop(options: MongoDatabaseOptions, name: string): Promise<void> {
  const { MongoClient } = await import('mongodb');
  const client = new MongoClient(options.url, clientOptions(options));
  try {
    await client.db(name).dropDatabase();
  } finally {
    await client.close();
  }
}
