/**
 * The one place that knows the SQLite driver: rows as arrays, statements prepared once. Traps of libsql 0.5 that it keeps from everybody else: a
 * boolean as a parameter aborts the process, text is cut at NUL, a lone value that is an object is taken for named parameters, and
 * `close` keeps the file open until its statements are collected.
 */
import Driver from 'libsql';
import { MaridError } from '../../../core/errors/marid-error.js';

/** What a column holds and a parameter may be. Numbers are stored by the column's affinity. */
export type SqlValue = string | number | Uint8Array | null;

/** A row, its values in the order of the query's columns. */
export type SqlRow = readonly SqlValue[];

/** What a statement changed. */
export interface SqlChange {
  readonly changes: number;
  /** Row id of the last row inserted on this connection. */
  readonly lastRowId: number;
}

/** A synchronous connection. SQL texts must come from a bounded set: each stays prepared. */
export class SqliteConnection {
  private readonly statements = new Map<string, ReturnType<Driver.Database['prepare']>>();

  private constructor(private readonly driver: Driver.Database) {}

  /** Opens a file, or `:memory:`. Waits for no lock. */
  static open(path: string): SqliteConnection {
    return new SqliteConnection(new Driver(path, { timeout: 0 }));
  }

  /** Whether a transaction is open. SQLite ends one by itself on some errors, for example a full disk. */
  get inTransaction(): boolean {
    return this.driver.inTransaction;
  }

  /** Texts of the statements prepared so far, for a look at their query plans. */
  get prepared(): readonly string[] {
    return [...this.statements.keys()];
  }

  /** Runs statements without parameters and rows, not prepared. */
  execute(script: string): void {
    this.driver.exec(script);
  }

  /** Runs a statement that gives no rows. */
  run(sql: string, parameters: SqlRow = []): SqlChange {
    const result = this.prepare(sql).run(checked(parameters));
    return { changes: result.changes, lastRowId: Number(result.lastInsertRowid) };
  }

  /** First row, or `null`. */
  get(sql: string, parameters: SqlRow = []): SqlRow | null {
    const row = this.prepare(sql).get(checked(parameters));
    return row === undefined ? null : decodeRow(row);
  }

  /** All rows. */
  all(sql: string, parameters: SqlRow = []): readonly SqlRow[] {
    return this.prepare(sql).all(checked(parameters)).map(decodeRow);
  }

  /** Ends the connection. */
  close(): void {
    this.statements.clear();
    this.driver.close();
  }

  private prepare(sql: string): ReturnType<Driver.Database['prepare']> {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.driver.prepare(sql);
    if (statement.reader) statement.raw();
    this.statements.set(sql, statement);
    return statement;
  }
}

/** Text of a column; `DATA_LOSS` when it holds something else. */
export function textAt(row: SqlRow, column: number): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new MaridError(
    'DATA_LOSS',
    `Column ${String(column)} of a stored row is no text; restore a copy of the database.`,
  );
}

/** Number of a column; `DATA_LOSS` when it holds something else. */
export function numberAt(row: SqlRow, column: number): number {
  const value = row[column];
  if (typeof value === 'number') return value;
  throw new MaridError(
    'DATA_LOSS',
    `Column ${String(column)} of a stored row is no number; restore a copy of the database.`,
  );
}

function checked(parameters: SqlRow): SqlValue[] {
  for (const value of parameters) {
    if (typeof value === 'string' && value.includes('\0')) {
      throw new MaridError('INVALID_ARGUMENT', 'A text holds the character NUL, which cannot be stored; leave it out.');
    }
  }
  return [...parameters];
}

function decodeRow(row: unknown): SqlRow {
  if (Array.isArray(row)) return row as SqlRow;
  throw new MaridError('INTERNAL', 'The database driver gave something that is no row; this is a defect of Marid.');
}
