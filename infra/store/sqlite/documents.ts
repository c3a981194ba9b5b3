/** Small entries that are kept as one JSON text. */
import { MaridError } from '../../../core/errors/marid-error.js';
import { numberAt, textAt, type SqliteConnection, type SqlRow } from './sqlite-connection.js';

/** Parses JSON that only this program writes; `DATA_LOSS` when it is none. */
export function parseStored(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MaridError('DATA_LOSS', 'A stored text is no JSON; restore a copy of the database.', { cause: error });
  }
}

/** Reads a JSON object from a column that only this program writes; `DATA_LOSS` when it is none with these keys. */
export function decodeDocument<T extends object>(row: SqlRow, column: number, keys: readonly (keyof T)[]): T {
  const value = parseStored(textAt(row, column));
  if (typeof value === 'object' && value !== null && keys.every((key) => key in value)) return value as T;
  throw new MaridError('DATA_LOSS', `A stored row lacks ${keys.join(', ')}; restore a copy of the database.`);
}

/** Value of a durable counter; 0 before the first raise. */
export function counterValue(connection: SqliteConnection, name: string): number {
  const row = connection.get('SELECT value FROM counters WHERE name = ?', [name]);
  return row === null ? 0 : numberAt(row, 0);
}

/** Raises a counter by one and gives its new value. */
export function raiseCounter(connection: SqliteConnection, name: string): number {
  const sql = 'INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1';
  connection.run(sql, [name]);
  return counterValue(connection, name);
}
