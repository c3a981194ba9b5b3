/** The one database file of the embedded engines: store, log and lease share it, its lock and its commits. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type { Logger } from '../../../core/ports/logger.js';
import { SystemClock } from '../../runtime/system-clock.js';
import { FileSync } from './file-sync.js';
import { checkVersion, migrate } from './migrations.js';
import { SqliteConnection } from './sqlite-connection.js';
import { resultCodeOf, translateSqliteError } from './sqlite-errors.js';

/** Rows that one commit writes at most, so that a flood of writes lets other work in between. */
const MAX_ROWS_PER_COMMIT = 4096;

/** After a commit of so many writes the next one waits, so that more share it: most of what a commit costs does not grow with its writes. */
const MANY_WRITES = 8;
/** How often the time that the commit took, and how long at most, in milliseconds; less when no write comes for so long. */
const PAUSE_FACTOR = 10;
const MOST_PAUSE_MS = 25;
const QUIET_MS = 1;
/** When the first write comes so much later, its callers had waited for that commit and come together; nobody else is left to wait for. In milliseconds. */
const ANSWERED_MS = 4;

/** Write-ahead log, which `FileSync` forces to disk behind the commits. Sizes: 64 MiB of cache, checkpoints of 8 MiB. */
const SETTINGS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA cache_size = -65536;
  PRAGMA wal_autocheckpoint = 2000;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA temp_store = MEMORY;
`;

/** Options of `SqliteDatabase.open`. */
export interface SqliteDatabaseOptions {
  /** File, created with mode 0600 (its folder too, 0700) when it is missing; or `:memory:`. */
  readonly path: string;
  readonly logger: Logger;
}

/** What a database has done since it was opened. */
export interface SqliteStatistics {
  /** Transactions committed. */
  readonly commits: number;
  /** Writes that they carried. */
  readonly writes: number;
  /** Times that the write-ahead log was forced to disk. */
  readonly syncs: number;
}

interface QueuedWrite {
  readonly rows: number;
  run(connection: SqliteConnection): void;
  /** Committed, not yet on disk. */
  commit(): void;
  succeed(): void;
  fail(error: unknown): void;
}

/**
 * An open database. States: open (from `open`) and closed (by `close`, for ever). Writes are queued and committed together, once per turn of the
 * event loop, under load once in a few milliseconds. Commits are forced to disk outside of the event loop, one force at a time for all that were committed when it began, and only then are
 * their callers told: this is SQLite's `synchronous=FULL` without its wait. Reads see what is committed, at most one force ahead of the disk.
 */
export class SqliteDatabase {
  private queue: QueuedWrite[] = [];
  private readonly clock = new SystemClock();
  /** The commit that is to come; aborted, it does not come. */
  private scheduled: AbortController | null = null;
  /** The pause after the last commit, by the monotonic clock. */
  private pause = { from: 0, until: 0 };
  private closed = false;
  private commits = 0;
  private writes = 0;

  private constructor(
    private readonly connection: SqliteConnection,
    private readonly path: string,
    private readonly logger: Logger,
    private readonly wal: FileSync | null,
  ) {}

  /**
   * Opens the file and locks it; the lock goes with the process, however that ends. Throws `UNAVAILABLE` when another process (or this one) has
   * it open or it cannot be opened, `UNSUPPORTED` when it is another program's or a later Marid's, `DATA_LOSS` when it is damaged.
   */
  static open(options: SqliteDatabaseOptions): SqliteDatabase {
    const { path, logger } = options;
    try {
      if (path !== ':memory:') createFile(path);
      const connection = connect(path, logger);
      return new SqliteDatabase(connection, path, logger, path === ':memory:' ? null : FileSync.open(`${path}-wal`));
    } catch (error) {
      throw openError(error, path);
    }
  }

  /** What it has done so far. */
  get statistics(): SqliteStatistics {
    return { commits: this.commits, writes: this.writes, syncs: this.wal?.count ?? 0 };
  }

  /**
   * Queues `work` and resolves with its result once that is on disk. `work` is synchronous, and runs again, alone, when a write beside it failed:
   * it must have no effects but on the database. What it throws rejects this write only. `rows`: about how many it writes; default 1. `onCommitted` gets
   * the result as soon as reads see it, before it is on disk: whatever is written because of it reaches the disk after it. It must not throw.
   */
  write<T>(
    work: (connection: SqliteConnection) => T,
    rows = 1,
    onCommitted: (value: T) => void = () => undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(this.closedError());
        return;
      }
      let tell = { commit: (): void => undefined, succeed: (): void => undefined };
      const run = (connection: SqliteConnection): void => {
        const value = work(connection);
        tell = { commit: () => { onCommitted(value); }, succeed: () => { resolve(value); } }; // prettier-ignore
      };
      this.queue.push({ rows, run, commit: () => { tell.commit(); }, succeed: () => { tell.succeed(); }, fail: reject }); // prettier-ignore
      this.schedule();
    });
  }

  /** Reads at once what is committed. */
  read<T>(work: (connection: SqliteConnection) => T): T {
    if (this.closed) throw this.closedError();
    try {
      return work(this.connection);
    } catch (error) {
      throw translateSqliteError(error, this.path);
    }
  }

  /** Commits what is queued and gives the file free. Idempotent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.scheduled?.abort();
    while (this.queue.length > 0) this.commit(this.takeBatch());
    this.wal?.close();
    disconnect(this.connection, this.logger);
  }

  private schedule(): void {
    if (this.scheduled !== null || this.queue.length === 0) return;
    const { signal } = (this.scheduled = new AbortController());
    const commit = (): void => {
      if (signal.aborted) return;
      this.scheduled = null;
      this.commitNext();
      this.schedule();
    };
    const now = this.clock.monotonic();
    const { from, until } = this.pause;
    if (now < Math.min(until, from + ANSWERED_MS)) void this.quiet(signal).then(commit);
    else setImmediate(commit);
  }

  /** Resolves when no write has come for a moment, or the pause is over. */
  private async quiet(signal: AbortSignal): Promise<void> {
    let known: number;
    do {
      known = this.queue.length;
      await this.clock.sleep(QUIET_MS, signal);
    } while (this.queue.length > known && this.clock.monotonic() < this.pause.until);
  }

  private commitNext(): void {
    const begun = this.clock.monotonic();
    const batch = this.takeBatch();
    this.commit(batch);
    if (batch.length < MANY_WRITES || this.queue.length > 0) return;
    const now = this.clock.monotonic();
    this.pause = { from: now, until: now + Math.min(MOST_PAUSE_MS, PAUSE_FACTOR * (now - begun)) };
  }

  private takeBatch(): readonly QueuedWrite[] {
    let rows = 0;
    const end = this.queue.findIndex((each) => (rows += each.rows) > MAX_ROWS_PER_COMMIT);
    return this.queue.splice(0, end === -1 ? this.queue.length : Math.max(1, end));
  }

  /** All in one transaction; when one fails, each in its own. A commit that fails is not tried again: what it left is unknown. */
  private commit(batch: readonly QueuedWrite[]): void {
    try {
      this.connection.run('BEGIN IMMEDIATE');
      for (const each of batch) each.run(this.connection);
    } catch (error) {
      this.rollBack();
      if (batch.length === 1) this.fail(batch, error);
      else for (const each of batch) this.commit([each]);
      return;
    }
    try {
      this.connection.run('COMMIT');
    } catch (error) {
      this.rollBack();
      this.fail(batch, error);
      return;
    }
    this.commits += 1;
    this.writes += batch.length;
    this.settle(batch);
  }

  private settle(batch: readonly QueuedWrite[]): void {
    for (const each of batch) each.commit();
    const settled = (error: Error | null): void => {
      if (error === null) for (const each of batch) each.succeed();
      else this.fail(batch, this.syncError(error));
    };
    if (this.wal === null) settled(null);
    else this.wal.sync(settled);
  }

  private rollBack(): void {
    try {
      if (this.connection.inTransaction) this.connection.run('ROLLBACK');
    } catch (error) {
      this.logger.error({ error, path: this.path }, 'database transaction could not be rolled back');
    }
  }

  private fail(batch: readonly QueuedWrite[], error: unknown): void {
    if (resultCodeOf(error) !== '') this.logger.error({ error, path: this.path }, 'database write failed');
    for (const each of batch) each.fail(translateSqliteError(error, this.path));
  }

  private syncError(cause: unknown): MaridError {
    this.logger.error({ error: cause, path: this.path }, 'database could not be forced to disk');
    const remedy = 'its disk failed; look at the system log, then start again';
    return new MaridError('UNAVAILABLE', `The database ${this.path} cannot be used: ${remedy}.`, { cause });
  }

  private closedError(): MaridError {
    return new MaridError('UNAVAILABLE', `The database ${this.path} is closed; this process ends.`);
  }
}

/** Never opens a file that exists: closing it again would drop the locks that this process may have on it (POSIX). */
function createFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path)) chmodSync(path, 0o600);
  else closeSync(openSync(path, 'wx', 0o600));
}

function connect(path: string, logger: Logger): SqliteConnection {
  const connection = SqliteConnection.open(path);
  try {
    connection.execute('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    checkVersion(connection, path);
    connection.execute('COMMIT');
    connection.execute(SETTINGS);
    connection.execute('BEGIN EXCLUSIVE');
    migrate(connection);
    // Whoever held a lease had this file open, and has it no longer.
    connection.execute('DELETE FROM leases');
    connection.execute('COMMIT');
    return connection;
  } catch (error) {
    disconnect(connection, logger);
    throw error;
  }
}

/** Unlocks before it closes, because the driver keeps a file open until its statements are collected. */
function disconnect(connection: SqliteConnection, logger: Logger): void {
  try {
    if (connection.inTransaction) connection.execute('ROLLBACK');
    connection.execute(
      'PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT count(*) FROM sqlite_schema',
    );
  } catch (error) {
    logger.debug({ error }, 'database file not unlocked');
  }
  connection.close();
}

function openError(error: unknown, path: string): unknown {
  if (resultCodeOf(error).startsWith('SQLITE_BUSY')) {
    const remedy = 'stop that process (is a control plane running?), or choose another data folder';
    const message = `The data folder ${dirname(path)} is in use by another process: ${remedy}.`;
    return new MaridError('UNAVAILABLE', message, { cause: error });
  }
  const translated = translateSqliteError(error, path);
  if (translated !== error || isMaridError(translated)) return translated;
  return new MaridError('UNAVAILABLE', `The database ${path} cannot be opened; look at its owner and mode.`, {
    cause: error,
  });
}
