/** Archives of real folders in a real blob store, read back as the control plane does. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ArchiveEvent, ArchivePlace } from '../../../../../core/archive/archive-status.js';
import { manifestsKey } from '../../../../../core/archive/keys.js';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import { TOPICS } from '../../../../../core/fleet/topics.js';
import type { BlobStore } from '../../../../../core/ports/blob-store.js';
import { FilesystemBlobStore } from '../../../../../infra/blobs/filesystem/filesystem-blob-store.js';
import { EmbeddedTopicLog } from '../../../../../infra/log/embedded/embedded-topic-log.js';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { decodeArchiveNews } from '../../../../../proto/codec/index.js';
import { ArchiveReader } from '../../../../../services/control-plane/archive/archive-reader.js';
import { Archiver } from '../../../../../workers/gateway/archive/archiver.js';
import { Attempt, WHOLE_ARCHIVE, type ArchiveFacts } from '../../../../../workers/gateway/attempts/attempt.js';
import { EventOutbox } from '../../../../../workers/gateway/attempts/event-outbox.js';
import { writeFacts } from '../../../../../workers/gateway/attempts/facts-file.js';
import { workerConfigSchema, type WorkerConfig } from '../../../../../workers/gateway/config.js';
import { FakeClock, until } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { SeededRandom } from '../../../../support/seeded-random.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../../support/temporary-folder.js';

let folder: TemporaryFolder;
let clock: FakeClock;
let db: SqliteDatabase;
let log: EmbeddedTopicLog;
let outbox: EventOutbox;
let store: FilesystemBlobStore;
let events: ArchiveEvent[];
/** Records that told them. */
let news: number;
let archiver: Archiver;

const jobsFolder = (): string => join(folder.path, 'jobs');

beforeEach(async () => {
  folder = makeTemporaryFolder();
  clock = new FakeClock();
  const logger = new QuietLogger();
  db = SqliteDatabase.open({ path: ':memory:', logger });
  log = new EmbeddedTopicLog({ db, clock: new SystemClock(), logger });
  await log.ensureTopics({ topics: [{ topic: TOPICS.workerEvents, partitions: 1, retentionMs: 1e9 }] });
  events = [];
  news = 0;
  await log.subscribe({
    ...{ topics: [TOPICS.workerEvents], start: { kind: 'positions', positions: [] }, onBroken: () => undefined },
    onRecords: (records) => {
      for (const { value } of records) {
        news += 1;
        events.push(...(decodeArchiveNews(value)?.archives ?? fail()));
      }
    },
  });
  outbox = new EventOutbox({ log, clock, random: new SeededRandom(), logger });
  outbox.open();
  store = await FilesystemBlobStore.connect({ folder: join(folder.path, 'blobs') });
  archiver = makeArchiver();
});

afterEach(async () => {
  await archiver.stop();
  await outbox.stop();
  await log.close();
  db.close();
  await store.close();
  folder.remove();
});

function fail(): never {
  throw new Error('no archive event');
}

function makeArchiver(
  config: Partial<WorkerConfig> = {},
  blobs: () => Promise<BlobStore> = async () => store,
): Archiver {
  return new Archiver({
    ...{ policy: workerConfigSchema.parse(config), identity: { workerId: 'w1' }, blobs, jobsFolder: jobsFolder() },
    ...{ dueFile: join(folder.path, 'due'), outbox, clock, random: new SeededRandom(), logger: new QuietLogger() },
  });
}

/** An attempt that has ended with these files. */
function makeAttempt(
  jobId: string,
  files: Readonly<Record<string, string>>,
  archive: Partial<ArchiveFacts> = {},
): Attempt {
  const directory = join(jobsFolder(), jobId, '1');
  mkdirSync(directory, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  const facts = { memoryMb: 1, hasSetup: false, archive: { ...WHOLE_ARCHIVE, ...archive } };
  writeFacts(directory, facts);
  return new Attempt({ reference: { jobId, attempt: 1 }, directory, memoryKey: '', facts, sequence: 0 });
}

/** A new empty file of an attempt. */
function fileOf({ directory }: Attempt, name: string): string {
  const path = join(directory, name);
  writeFileSync(path, '');
  return path;
}

async function archive(attempt: Attempt, by = archiver): Promise<ArchiveEvent> {
  expect(by.note(attempt, clock.now())).toBe('PENDING');
  by.enqueue(attempt.reference);
  await by.flush();
  await until(() => eventOf(attempt.reference.jobId) !== null);
  return eventOf(attempt.reference.jobId) ?? fail();
}

function eventOf(id: string): ArchiveEvent | null {
  return events.find(({ jobId }) => jobId === id) ?? null;
}

/** Where the archive of a job lies. */
function placeOf(jobId: string): ArchivePlace {
  return eventOf(jobId)?.place ?? fail();
}

async function textOf(key: string): Promise<string> {
  const found = await store.get({ key });
  const pieces: Uint8Array[] = [];
  for await (const piece of found?.body ?? []) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function keys(): Promise<readonly string[]> {
  return (await store.list({ prefix: '', after: null, limit: 1000 })).map(({ key }) => key);
}

async function read(jobId: string, path: string, range = { offset: 0, limit: 0 }): Promise<string> {
  const pieces: Uint8Array[] = [];
  const reader = new ArchiveReader(async () => store);
  for await (const { data } of reader.read(placeOf(jobId), { path, ...range })) pieces.push(data);
  return Buffer.concat(pieces).toString();
}

async function list(jobId: string, below = ''): Promise<readonly string[]> {
  const { files } = await new ArchiveReader(async () => store).list(placeOf(jobId), below);
  return files.map(({ path }) => path);
}

describe('Archiver', () => {
  test('archives every file but the excluded, and what it reads is what was written', async () => {
    const files = {
      stdout: 'out\n',
      'a/b.txt': 'b',
      'a/c.bin': '\0\u0001',
      'tmp/x': 'x',
      'dep.jar': 'd',
      'spill/1': 's',
    };
    const left = { 'genie/command/c/dependencies/d': 'd', 'genie/command/c/config/e': 'e', 'genie/logs/env.log': 'l' };
    const exclusion = { paths: ['dep.jar'], excludes: ['spill/**'] };
    const event = await archive(makeAttempt('j1', { ...files, ...left }, exclusion));
    expect(event).toMatchObject({ jobId: 'j1', attempt: 1, archive: 'ARCHIVED', message: '4 files.' });
    expect(await list('j1')).toEqual(['a/b.txt', 'a/c.bin', 'genie/logs/env.log', 'stdout']);
    expect(await list('j1', 'a')).toEqual(['a/b.txt', 'a/c.bin']);
    for (const path of ['stdout', 'a/b.txt', 'a/c.bin'] as const) expect(await read('j1', path)).toBe(files[path]);
  });

  test('reads ranges, from the end too', async () => {
    await archive(makeAttempt('j1', { before: 'xxx', stdout: '0123456789', zero: '' }));
    const ranges = [
      { offset: 3, limit: 4 },
      { offset: -2, limit: 0 },
      { offset: -99, limit: 2 },
      { offset: 10, limit: 0 },
      { offset: 8, limit: 9 },
    ];
    const found = await Promise.all(ranges.map((range) => read('j1', 'stdout', range)));
    expect(found).toEqual(['3456', '89', '01', '', '89']);
    expect(await read('j1', 'zero')).toBe('');
    await expect(read('j1', '../j2/1/stdout')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(read('j1', 'nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('names links, pipes and what does not fit, and goes on', async () => {
    const attempt = makeAttempt('j1', { stdout: 'out', big: '0123456789', small: 's' });
    symlinkSync('/etc/passwd', join(attempt.directory, 'link'));
    symlinkSync('/etc', join(attempt.directory, 'folder'));
    execFileSync('mkfifo', [join(attempt.directory, 'pipe')]);
    archiver = makeArchiver({ archiveMaxBytes: 5 });
    await archive(attempt, archiver);
    expect(await list('j1')).toEqual(['small', 'stdout']);
    const [, manifest = ''] = (await textOf(manifestsKey(placeOf('j1').run))).split('\n');
    const { skipped } = JSON.parse(manifest) as { readonly skipped: unknown };
    expect(eventOf('j1')?.message).toBe('2 files, 4 left out.');
    expect(skipped).toEqual([
      { path: 'big', reason: 'size' },
      { path: 'folder', reason: 'link' },
      { path: 'link', reason: 'link' },
      { path: 'pipe', reason: 'special' },
    ]);
  });

  test('leaves out what is over the number of files', async () => {
    archiver = makeArchiver({ archiveMaxFiles: 20 });
    const files = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${String(index + 100)}`, 'x']));
    await archive(makeAttempt('j1', { ...files, stdout: 'o' }), archiver);
    expect(await list('j1')).toHaveLength(20);
    expect(await list('j1')).toContain('stdout');
  });

  test('asks for nothing when nothing is wanted, or nothing was made', () => {
    expect(archiver.note(makeAttempt('j1', {}, { disabled: true }), 0)).toBe('DISABLED');
    const attempt = makeAttempt('j2', {});
    expect(makeArchiver({ archive: false }).note(attempt, 0)).toBe('DISABLED');
    const reference = { jobId: 'j3', attempt: 1 };
    const none = new Attempt({ ...attempt, reference, directory: join(jobsFolder(), 'j3', '1') });
    expect(archiver.note(none, 0)).toBe('NO_FILES');
  });

  test('tries again until the store is there, and lets others go first', async () => {
    const attempt = makeAttempt('j1', { stdout: 'out' });
    let tries = 0;
    archiver = makeArchiver({}, async () => {
      tries += 1;
      if (tries < 4) throw new MaridError('UNAVAILABLE', 'away');
      return store;
    });
    archiver.note(attempt, clock.now());
    archiver.enqueue(attempt.reference);
    while (tries < 4) {
      await archiver.flush();
      expect(archiver.holds(attempt.reference)).toBe(true);
      await clock.advance(10_000);
    }
    await until(() => events.length > 0 && !archiver.holds(attempt.reference));
    expect(events).toMatchObject([{ archive: 'ARCHIVED' }]);
  });

  test('gives up when the time is over, and says why', async () => {
    const attempt = makeAttempt('j1', { stdout: 'out' });
    const away = async (): Promise<never> => Promise.reject(new MaridError('UNAVAILABLE', 'the bucket is gone'));
    archiver = makeArchiver({ archiveDeadlineMs: 10_000 }, away);
    archiver.note(attempt, clock.now() - 10_001);
    archiver.enqueue(attempt.reference);
    await archiver.flush();
    await until(() => events.length > 0);
    expect(events).toMatchObject([{ archive: 'FAILED', message: 'the bucket is gone' }]);
    expect(existsSync(attempt.directory)).toBe(true);
  });

  test('goes on with what the process before has left', async () => {
    archiver.note(makeAttempt('j1', { stdout: 'out', no: 'x' }, { excludes: ['no'] }), clock.now());
    await archive(makeAttempt('j2', { stdout: 'done' }));
    await until(() => !archiver.holds({ jobId: 'j2', attempt: 1 }));
    await archiver.stop();
    appendFileSync(join(folder.path, 'due'), '\n{"jobId":"j3","att'); // as a kill or a full disk leaves it
    events = [];
    archiver = makeArchiver();
    await archiver.start();
    expect(readFileSync(join(folder.path, 'due'), 'utf8').trim().split('\n')).toHaveLength(1);
    await archiver.flush();
    await until(() => events.length > 0 && !archiver.holds({ jobId: 'j1', attempt: 1 }));
    expect(events).toHaveLength(1);
    expect(await list('j1')).toEqual(['stdout']);
    await archiver.stop();
    archiver = makeArchiver();
    await archiver.start();
    expect(archiver.holds({ jobId: 'j1', attempt: 1 })).toBe(false);
  });

  test('waits a moment for company: many attempts are two writes and one record', async () => {
    const attempts = Array.from({ length: 90 }, (_, index) =>
      makeAttempt(`j${String(index)}`, { stdout: `of ${String(index)}` }),
    );
    for (const attempt of attempts) {
      archiver.note(attempt, clock.now());
      archiver.enqueue(attempt.reference);
    }
    expect(await keys()).toEqual([]);
    await clock.advance(1_000);
    await until(() => events.length === 90);
    expect(news).toBe(1);
    expect(await keys()).toHaveLength(2);
    expect([await read('j0', 'stdout'), await read('j89', 'stdout')]).toEqual(['of 0', 'of 89']);
  });

  test('writes a large attempt by itself, in packs', async () => {
    const large = makeAttempt('large', { stdout: 'l' });
    for (const name of ['a', 'b']) truncateSync(fileOf(large, name), 40 * 1024 * 1024);
    const attempts = [makeAttempt('s1', { stdout: '1' }), large, makeAttempt('s2', { stdout: '2' })];
    for (const attempt of attempts) {
      archiver.note(attempt, clock.now());
      archiver.enqueue(attempt.reference);
    }
    await archiver.flush();
    await until(() => events.length === 3);
    expect(placeOf('large').run).not.toBe(placeOf('s1').run);
    expect(await read('large', 'b', { offset: 41_943_030, limit: 0 })).toBe('\0'.repeat(10));
    expect(await read('s2', 'stdout')).toBe('2');
  });

  test('leaves nothing of a try that failed, and nothing waits for it', async () => {
    const failing: BlobStore = Object.assign(Object.create(store) as FilesystemBlobStore, {
      put: async (options: Parameters<BlobStore['put']>[0]) => {
        if (options.key.endsWith('/manifests')) throw new MaridError('UNAVAILABLE', 'away');
        return store.put(options);
      },
    });
    archiver = makeArchiver({}, async () => failing);
    const attempt = makeAttempt('j1', { stdout: 'out' });
    archiver.note(attempt, clock.now());
    archiver.enqueue(attempt.reference);
    await archiver.flush();
    expect(await keys()).toEqual([]);
    expect(archiver.holds(attempt.reference)).toBe(true);
  });

  test('archives very many files, and others of the process come to their turn meanwhile', async () => {
    archiver = makeArchiver({ archiveMaxFiles: 10_000 });
    const attempt = makeAttempt('many', { stdout: 'o' });
    for (let folderNumber = 0; folderNumber < 10; folderNumber += 1) {
      mkdirSync(join(attempt.directory, String(folderNumber)));
      for (let file = 0; file < 1_010; file += 1) {
        closeSync(openSync(join(attempt.directory, String(folderNumber), String(file)), 'w'));
      }
    }
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);
    try {
      const event = await archive(attempt);
      expect(event.message).toBe('10000 files, 101 left out.');
    } finally {
      clearInterval(ticking);
    }
    expect(turns).toBeGreaterThan(10);
    expect(await list('many', '7')).toHaveLength(1_010);
  }, 60_000);

  test('removes the folder once the log holds the news, if it is not kept', async () => {
    archiver = makeArchiver({ keepJobFoldersMs: 0 });
    const attempt = makeAttempt('j1', { stdout: 'out' });
    await archive(attempt, archiver);
    await until(() => !existsSync(attempt.directory) && !existsSync(`${attempt.directory}.json`));
    expect(await read('j1', 'stdout')).toBe('out');
  });

  test('archives what there is of a file that shrinks while it is read', async () => {
    const attempt = makeAttempt('j1', { a: 'x'.repeat(1000), b: 'behind' });
    const shrinking: BlobStore = Object.assign(Object.create(store) as FilesystemBlobStore, {
      put: (options: Parameters<BlobStore['put']>[0]) => {
        truncateSync(join(attempt.directory, 'a'), 10);
        return store.put(options);
      },
    });
    archiver = makeArchiver({}, async () => shrinking);
    await archive(attempt, archiver);
    expect([await read('j1', 'a'), await read('j1', 'b')]).toEqual(['x'.repeat(10), 'behind']);
  });

  test('whatever a job names its files, they come back, and no key has their names', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        '..x',
        '...',
        '~',
        'con',
        'manifest.json',
        '-rf',
        '$(id)',
        '`id`',
        'a\nb',
        'ａ',
        'e\u0301',
        '\u202e',
        '%2e%2e',
        'x'.repeat(255),
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((text) => isName(text)),
    );
    const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const tree = fc.uniqueArray(path, {
      minLength: 1,
      maxLength: 12,
      comparator: (a, b) => a.startsWith(b) || b.startsWith(a),
    });
    await fc.assert(
      fc.asyncProperty(tree, async (paths) => {
        const jobId = randomUUID();
        await archive(makeAttempt(jobId, Object.fromEntries(paths.map((each) => [each, `content of ${each}`]))));
        for (const each of paths) expect(await read(jobId, each)).toBe(`content of ${each}`);
        expect((await keys()).filter((key) => !/^archive\/[0-9a-z-]+\/(manifests|1)$/.test(key))).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});

/** Whether Linux takes it as the name of a file, and gives it back as it was. */
function isName(text: string): boolean {
  const bytes = Buffer.from(text);
  const plain = !/[/\0]/.test(text) && text !== '.' && text !== '..' && text !== 'tmp' && text !== 'temp';
  return plain && bytes.length <= 255 && bytes.toString() === text && !text.includes('\uFFFD');
}
