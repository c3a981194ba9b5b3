/**
 * Records in one row: their keys and headers as JSON, their values behind each other. Of one record `["key", {headers}]`, or nothing when it has neither; of several
 * `[["key", {headers}, length], ...]`. JSON keeps NUL, at which SQLite's texts end.
 */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { LogRecord } from '../../../core/ports/topic-log.js';
import { parseStored } from '../../store/sqlite/documents.js';

/** What is kept of a record besides its place. */
type Content = Pick<LogRecord, 'key' | 'headers' | 'value'>;

/** What a row holds. */
export interface PackedRecords {
  readonly meta: string;
  readonly value: Uint8Array;
}

/** At least one record. */
export function packRecords(records: readonly Content[]): PackedRecords {
  const [first] = records;
  if (first !== undefined && records.length === 1) {
    const plain = first.key === '' && Object.keys(first.headers).length === 0;
    return { meta: plain ? '' : JSON.stringify([first.key, first.headers]), value: first.value };
  }
  const meta = JSON.stringify(records.map(({ key, headers, value }) => [key, headers, value.length]));
  return { meta, value: Buffer.concat(records.map(({ value }) => value)) };
}

/** The records of a row. Throws `DATA_LOSS` when it holds something else. Their values are views of the row's. */
export function unpackRecords(meta: string, value: Uint8Array): readonly Content[] {
  if (meta === '') return [{ key: '', headers: {}, value: view(value, 0, value.length) }];
  const parsed = parseStored(meta);
  const entries: readonly unknown[] = Array.isArray(parsed) && Array.isArray(parsed[0]) ? parsed : [parsed];
  let start = 0;
  const records = entries.map((entry) => {
    const { key, headers, length = value.length } = decodeEntry(entry);
    start += length;
    if (start > value.length) throw damaged();
    return { key, headers, value: view(value, start - length, length) };
  });
  if (start < value.length) throw damaged();
  return records;
}

function decodeEntry(entry: unknown): Pick<LogRecord, 'key' | 'headers'> & { readonly length?: number } {
  if (!Array.isArray(entry)) throw damaged();
  const [key, headers, length] = entry as readonly unknown[];
  if (typeof key !== 'string' || typeof headers !== 'object' || headers === null) throw damaged();
  const known = { key, headers: headers as Readonly<Record<string, string>> };
  return typeof length === 'number' ? { ...known, length } : known;
}

/** A plain array over the same memory: the driver gives Node's own kind. */
function view({ buffer, byteOffset }: Uint8Array, start: number, length: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + start, length);
}

function damaged(): MaridError {
  return new MaridError('DATA_LOSS', 'A stored record of the log is damaged; restore a copy of the database.');
}
