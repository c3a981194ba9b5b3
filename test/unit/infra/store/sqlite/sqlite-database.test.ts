import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteConnection } from '../../../../../infra/store/sqlite/sqlite-connection.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteJobStore } from '../../../../../infra/store/sqlite/sqlite-job-store.js';
import { SqliteJobSurvey } from '../../../../../infra/store/sqlite/sqlite-job-survey.js';
import { advanceJob, makeJob, makeRequest } from '../../../../support/job-fixtures.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../../support/temporary-folder.js';

const PUT = 'INSERT INTO counters (name, value) VALUES (?, ?)';

let folder: TemporaryFolder;
let path: string;
const opened: SqliteDatabase[] = [];

beforeEach(() => {
  folder = makeTemporaryFolder();
  path = join(folder.path, 'data', 'marid.db');
});
afterEach(() => {
  for (const db of opened.splice(0)) db.close();
  folder.remove();
});

function open(): SqliteDatabase {
  const db = SqliteDatabase.open({ path, logger: new QuietLogger() });
  opened.push(db);
  return db;
}

function put(db: SqliteDatabase, name: string, value = 1): Promise<number> {
  return db.write((connection) => connection.run(PUT, [name, value]).changes);
}

function names(db: SqliteDatabase): readonly unknown[] {
  return db.read((connection) => connection.all('SELECT name FROM counters ORDER BY name').map((row) => row[0]));
}

/** Takes back what later versions added. */
const VERSION_1 = `
  DROP INDEX jobs_overdue; DROP INDEX jobs_of_user; DROP TABLE task_controls; DROP TABLE user_slots;
  ALTER TABLE jobs DROP COLUMN deadline_stage; ALTER TABLE jobs DROP COLUMN deadline_base;
  ALTER TABLE jobs DROP COLUMN user_name; ALTER TABLE log_topics DROP COLUMN retention_records;
  DROP INDEX jobs_archive_pending; ALTER TABLE jobs DROP COLUMN archive_pending_since; DROP INDEX log_records_by_offset;
  PRAGMA user_version = 1;`;

describe('group commit', () => {
  test('writes of one turn share one commit, in their order', async () => {
    const db = open();
    const results = await Promise.all(Array.from({ length: 300 }, (_, index) => put(db, String(index))));
    expect(results).toHaveLength(300);
    expect(db.statistics).toEqual({ commits: 1, writes: 300, syncs: 1 });
    expect(names(db)).toHaveLength(300);
  });

  test('a flood is cut into commits of bounded size', async () => {
    const db = open();
    const write = (): Promise<null> => db.write(() => null, 1000);
    await Promise.all(Array.from({ length: 12 }, write));
    expect(db.statistics).toMatchObject({ commits: 3, writes: 12 });
    await db.write(() => null, 1_000_000);
    expect(db.statistics.commits).toBe(4);
  });

  test('right behind many writes, those of several turns share a commit', async () => {
    const db = open();
    const many = Array.from({ length: 100 }, (_, index) => put(db, `many-${String(index)}`));
    await new Promise<void>((resolve) => void db.write(() => undefined, 1, resolve));
    const later: Promise<number>[] = [];
    for (let turn = 0; turn < 100; turn += 1) {
      later.push(put(db, `turn-${String(turn)}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([...many, ...later]);
    expect(names(db)).toHaveLength(200);
    expect(db.statistics.commits).toBeLessThan(50);
  });

  test('closing commits what waits', async () => {
    const db = open();
    await Promise.all(Array.from({ length: 100 }, (_, index) => put(db, `many-${String(index)}`)));
    const waiting = put(db, 'last');
    db.close();
    await expect(waiting).resolves.toBe(1);
    expect(names(open())).toHaveLength(101);
  });

  test('nothing is seen before the commit, everything after it', async () => {
    const db = open();
    const written = put(db, 'a');
    expect(names(db)).toEqual([]);
    await written;
    expect(names(db)).toEqual(['a']);
  });

  test('says that a write is committed before it is on disk, and nothing of one that failed', async () => {
    const db = open();
    const heard: string[] = [];
    const note = (name: string): void => {
      heard.push(`${name} committed, ${String(names(db).length)} seen, ${String(db.statistics.syncs)} forced`);
    };
    const fails = db.write<string>(
      () => {
        throw new Error('no');
      },
      1,
      note,
    );
    const works = db.write((connection) => connection.run(PUT, ['a', 1]) && 'a', 1, note);
    await expect(fails).rejects.toThrow('no');
    await works;
    expect(heard).toEqual(['a committed, 1 seen, 0 forced']);
    expect(db.statistics.syncs).toBe(1);
  });

  test('a write that throws fails alone and leaves nothing', async () => {
    const db = open();
    const failing = db.write((connection) => {
      connection.run(PUT, ['half', 1]);
      throw new Error('refused');
    });
    const results = await Promise.allSettled([put(db, 'a'), failing, put(db, 'b'), put(db, 'a'), put(db, 'c')]);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(results[1]).toMatchObject({ reason: { message: 'refused' } });
    expect(results[3]).toMatchObject({ reason: { code: 'INTERNAL' } });
    expect(names(db)).toEqual(['a', 'b', 'c']);
  });

  test('a full disk is UNAVAILABLE, takes no write beside it along, and passes', async () => {
    const db = open();
    const pages = (count: number): void => {
      db.read((connection) => {
        connection.execute(`PRAGMA max_page_count = ${String(count)}`);
      });
    };
    pages(1);
    const large = put(db, 'x'.repeat(500_000));
    await expect(large).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true, cause: { code: 'SQLITE_FULL' } });
    await Promise.allSettled([put(db, 'y'.repeat(500_000)), put(db, 'small')]);
    expect(names(db)).toEqual(['small']);
    pages(1_000_000);
    await put(db, 'z'.repeat(500_000));
    expect(names(db)).toHaveLength(2);
  });
});

describe('close', () => {
  test('writes that were queued are on disk, and later ones are refused', async () => {
    const db = open();
    const written = put(db, 'queued');
    db.close();
    db.close();
    await expect(written).resolves.toBe(1);
    await expect(put(db, 'late')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(() => names(db)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    expect(names(open())).toEqual(['queued']);
  });
});

describe('open', () => {
  test('makes its files for the owner only', async () => {
    const db = open();
    await put(db, 'a');
    const modes = readdirSync(join(folder.path, 'data')).map((name) => {
      return (statSync(join(folder.path, 'data', name)).mode & 0o777).toString(8);
    });
    expect(new Set(modes)).toEqual(new Set(['600']));
    expect((statSync(join(folder.path, 'data')).mode & 0o777).toString(8)).toBe('700');
  });

  test('a second time in one process is refused, and the first goes on', async () => {
    const db = open();
    expect(open).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    await put(db, 'a');
    expect(names(db)).toEqual(['a']);
  });

  test('while another process has the file it is refused with the folder named; when that is killed it works', async () => {
    open().close();
    const child = await holdInChild();
    try {
      expect(open).toThrow(
        expect.objectContaining({ code: 'UNAVAILABLE', message: expect.stringContaining(join(folder.path, 'data')) }),
      );
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    expect(names(open())).toEqual([]);
  });

  test('no other process gets in while it is open', async () => {
    const db = open();
    await put(db, 'a');
    await expect(holdInChild()).rejects.toThrow('SQLITE_BUSY');
    await put(db, 'b');
    expect(names(db)).toEqual(['a', 'b']);
  });

  test('a file of a later version is refused and left alone', () => {
    open().close();
    const connection = SqliteConnection.open(path);
    connection.execute('PRAGMA user_version = 999');
    connection.close();
    expect(open).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('version 999') }),
    );
    const again = SqliteConnection.open(path);
    expect(again.get('PRAGMA user_version')).toEqual([999]);
    again.close();
  });

  test('a file of version 1 is brought up to date, with what is known of its jobs', async () => {
    const before = open();
    const store = new SqliteJobStore(before);
    const waiting = makeJob({ request: makeRequest({ user: 'ada', pool: 'gpu' }) });
    const running = advanceJob(makeJob({ timeoutMs: 500 }), 'RUNNING', { startedAt: 1000 });
    for (const job of [waiting, running]) await store.insert({ job });
    before.close();
    const connection = SqliteConnection.open(path);
    connection.execute(VERSION_1);
    connection.close();
    const db = open();
    const survey = new SqliteJobSurvey(db);
    expect(await survey.overdue({ stage: 'RUNNING', before: 1501, limit: 9 })).toEqual([running]);
    expect(await survey.overdue({ stage: 'RUNNING', before: 1500, limit: 9 })).toEqual([]);
    expect(await survey.overdue({ stage: 'ACCEPTED', before: waiting.updatedAt + 1, limit: 9 })).toEqual([waiting]);
    expect((await survey.usage()).map(({ user, pool }) => [user, pool])).toContainEqual(['ada', 'gpu']);
  });

  test('a file of another program is refused', () => {
    open().close();
    const connection = SqliteConnection.open(path);
    connection.execute('PRAGMA application_id = 42');
    connection.close();
    expect(open).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });

  test('a file that is no database is DATA_LOSS', () => {
    open().close();
    writeFileSync(path, 'no database '.repeat(1000));
    expect(open).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
  });

  test('a folder that cannot be made is UNAVAILABLE', () => {
    writeFileSync(join(folder.path, 'data'), 'a file');
    expect(open).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
  });
});

test('a text with NUL is refused instead of cut', async () => {
  await expect(put(open(), 'a\0b')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

/** A process that locks the file until it is killed; rejects with the result code when it cannot. */
async function holdInChild(): Promise<ChildProcess> {
  const script = `
    const Driver = require('libsql');
    try {
      const driver = new Driver(process.argv[1], { timeout: 0 });
      driver.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
      process.stdout.write('held');
      setInterval(() => driver.name, 1000);
    } catch (error) {
      process.stdout.write(error.code);
    }`;
  const child = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  if (said.toString() === 'held') return child;
  await once(child, 'exit');
  throw new Error(said.toString());
}
