/** Numbers that only grow. */
import type { UpdateFilter } from 'mongodb';
import type { MongoDatabase, StoredDocument } from './mongo-database.js';
import { DUPLICATE_KEY, serverCodeOf, wasNotSent } from './mongo-errors.js';
import { OPERATION_MS } from './mongo-limits.js';

/** A counter. */
export interface CounterDocument extends StoredDocument {
  readonly value: number;
}

/** How often a raise is sent: again when the counter had to be made, or an answer was lost. A number that is skipped harms nobody. */
const ATTEMPTS = 3;

/**
 * Raises a counter by one and gives its new value, which a majority has. Call it inside `within`. It is asked for the value before and the counter is made apart, because
 * the stand-in that tests use gives some of many callers at once the same value after, and the same upsert.
 */
export async function raiseCounter(database: MongoDatabase, collection: string, id: string): Promise<number> {
  for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
    try {
      const value = await raise(database, collection, id);
      if (value !== null) return value;
      await database.sendAll({ insert: collection, documents: [makeCounter(id)] }, [DUPLICATE_KEY]);
    } catch (error) {
      if (wasNotSent(error) || serverCodeOf(error) !== 0) throw error;
    }
  }
  const value = await raise(database, collection, id);
  if (value === null) throw database.lateError();
  return value;
}

/** Null when there is no counter. */
async function raise(database: MongoDatabase, collection: string, id: string): Promise<number | null> {
  const counters = database.collection<CounterDocument>(collection);
  const change = { $inc: { value: 1 } } as UpdateFilter<CounterDocument>;
  const before = await counters.findOneAndUpdate({ _id: id }, change, {
    returnDocument: 'before',
    maxTimeMS: OPERATION_MS,
  });
  return before === null ? null : before.value + 1;
}

function makeCounter(id: string): CounterDocument {
  return { _id: id, value: 0 };
}
