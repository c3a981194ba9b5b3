/** What is worth a line in the log about the servers behind a database. */
import type { MongoClient } from 'mongodb';
import type { Logger } from '../../../core/ports/logger.js';
import { OPERATION_MS } from './mongo-limits.js';

/** Wire version of MongoDB 6.0, the oldest that Marid is made for. */
const OLDEST_WIRE_VERSION = 17;

/** Logs when a server is lost and when it is back. */
export function logServerChanges(client: MongoClient, logger: Logger): void {
  client.on('serverDescriptionChanged', ({ address, previousDescription, newDescription }) => {
    if (previousDescription.type === newDescription.type) return;
    const fields = { address, was: previousDescription.type, is: newDescription.type };
    if (newDescription.type !== 'Unknown') logger.info(fields, 'mongodb server found');
    else logger.warn({ ...fields, error: newDescription.error }, 'mongodb server lost');
  });
}

/** Warns of what weakens Marid's promises: a server alone, an old version. */
export async function checkServer(client: MongoClient, logger: Logger): Promise<void> {
  const hello = await client.db('admin').command({ hello: 1, maxTimeMS: OPERATION_MS });
  const { setName, msg, maxWireVersion } = hello as { setName?: unknown; msg?: unknown; maxWireVersion?: unknown };
  if (setName === undefined && msg !== 'isdbgrid') {
    logger.warn({}, 'mongodb is no replica set: what it has acknowledged is lost with its disk');
  }
  if (Number(maxWireVersion) < OLDEST_WIRE_VERSION) {
    logger.warn({ maxWireVersion }, 'mongodb is older than 6.0, which Marid is not made for');
  }
}
