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
 * Raises a counter by one and gives its new value, which a majority has. Call it inside `within`. The counter is made apart: of many upserts at once one makes
 * the document, and not every server (the stand-in for tests does not) gives each of the others a value of its own.
 */
export async function raiseCounter(database: MongoDatabase, collection: string, id: string): Promise<number> {
  const counters = database.collection<CounterDocument>(collection);
  const change = { $inc: { value: 1 } } as UpdateFilter<CounterDocument>;
  const options = { returnDocument: 'after', maxTimeMS: OPERATION_MS } as const;
  for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
    try {
      const raised = await counters.findOneAndUpdate({ _id: id }, change, options);
      if (raised !== null) return raised.value;
      await database.sendAll({ insert: collection, documents: [makeCounter(id)] }, [DUPLICATE_KEY]);
    } catch (error) {
      if (wasNotSent(error) || serverCodeOf(error) !== 0) throw error;
    }
  }
  const raised = await counters.findOneAndUpdate({ _id: id }, change, options);
  if (raised === null) throw database.lateError();
  return raised.value;
}

function makeCounter(id: string): CounterDocument {
  return { _id: id, value: 0 };
}
