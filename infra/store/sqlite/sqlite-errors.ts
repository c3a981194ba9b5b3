/** Turns what SQLite throws into errors of the domain. */
import { isMaridError, MaridError, type ErrorCode } from '../../../core/errors/marid-error.js';

interface Translation {
  /** Start of SQLite's result code. */
  readonly prefix: string;
  readonly code: ErrorCode;
  readonly remedy: string;
}

/** First match counts; source: https://www.sqlite.org/rescode.html. */
const TRANSLATIONS: readonly Translation[] = [
  { prefix: 'SQLITE_FULL', code: 'UNAVAILABLE', remedy: 'its disk is full; free some space' },
  { prefix: 'SQLITE_IOERR', code: 'UNAVAILABLE', remedy: 'its disk failed; look at the system log' },
  { prefix: 'SQLITE_BUSY', code: 'UNAVAILABLE', remedy: 'another process has it open; stop that process' },
  { prefix: 'SQLITE_READONLY', code: 'UNAVAILABLE', remedy: 'it cannot be written; look at its owner and mode' },
  { prefix: 'SQLITE_CANTOPEN', code: 'UNAVAILABLE', remedy: 'it cannot be opened; look at its owner and mode' },
  { prefix: 'SQLITE_PERM', code: 'UNAVAILABLE', remedy: 'it may not be opened; look at its owner and mode' },
  { prefix: 'SQLITE_NOMEM', code: 'UNAVAILABLE', remedy: 'the process has no memory left' },
  { prefix: 'SQLITE_CORRUPT', code: 'DATA_LOSS', remedy: 'it is damaged; restore a copy' },
  { prefix: 'SQLITE_NOTADB', code: 'DATA_LOSS', remedy: 'it is not a database; restore a copy' },
  { prefix: 'SQLITE_', code: 'INTERNAL', remedy: 'it refused a statement; this is a defect of Marid' },
];

/** What SQLite threw as a `MaridError` that names the file; everything else as it is. */
export function translateSqliteError(error: unknown, path: string): unknown {
  if (isMaridError(error)) return error;
  const result = resultCodeOf(error);
  const found = TRANSLATIONS.find((each) => result.startsWith(each.prefix));
  if (found === undefined) return error;
  return new MaridError(found.code, `The database ${path} cannot be used: ${found.remedy}.`, { cause: error });
}

/** SQLite's result code of a caught value, for example `SQLITE_BUSY`; empty when it is none. */
export function resultCodeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : '';
}
