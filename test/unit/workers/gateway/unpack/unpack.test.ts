import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { entryPath } from '../../../../../workers/gateway/unpack/entry-path.js';
import { unpackArchive } from '../../../../../workers/gateway/unpack/unpack.js';
import { tar, tarGz, zip, type ArchiveEntry } from '../../../../support/archives.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../../support/temporary-folder.js';

const MIB = 1024 * 1024;
const LIMITS = { mostEntries: 50, mostBytes: 40 * MIB, mostRatio: 50 };
const KINDS = { 'a.tar': tar, 'a.tar.gz': tarGz, 'a.zip': zip } as const;
type Name = keyof typeof KINDS;
const NAMES = Object.keys(KINDS).filter((name): name is Name => name in KINDS);

let folder: TemporaryFolder;
let count: number;

beforeEach(() => {
  folder = makeTemporaryFolder();
  count = 0;
});

afterEach(() => {
  folder.remove();
});

/** Unpacks into a folder within another that has nothing else in it; what is there then, by path below the outer one. */
async function unpack(name: string, bytes: Buffer, signal = new AbortController().signal) {
  const place = join(folder.path, String((count += 1)));
  mkdirSync(place);
  const path = join(place, name);
  writeFileSync(path, bytes);
  const inner = join(place, 'inner');
  const error: unknown = await unpackArchive({ path, name, folder: inner, limits: LIMITS, signal }).then(
    () => null,
    (reason: unknown) => reason,
  );
  return { error, inner, paths: pathsIn(place).filter((each) => each !== name) };
}

function pathsIn(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
}

function refusal(why: RegExp) {
  return expect.objectContaining({ name: 'ArchiveError', why: expect.stringMatching(why) });
}

const HOSTILE = [
  ...['../x', 'a/../../x', '..', '/x', '//x', '/etc/passwd', './../x', 'a/..', 'a\\..\\..\\x', '..\\x', 'C:\\x'],
  ...[
    'a\nb',
    'a\u0001b',
    'a\u001b[2J',
    'x'.repeat(256),
    'a/'.repeat(100) + 'x',
    `${'y'.repeat(200)}/`.repeat(11) + 'x',
  ],
];
const HARMLESS = [
  '．．/x',
  '．．／x',
  '‥/x',
  'a∕b',
  'con',
  'NUL',
  'aux.txt',
  '...',
  'a..b',
  '-rf',
  '$(id)',
  '`id`',
  "a'b",
  'ä',
  'a b',
  '~',
  '%2e%2e%2fx',
];

describe('unpackArchive', () => {
  test.each(NAMES)('%s: unpacks files and folders, read-only, programs executable', async (name) => {
    const entries: ArchiveEntry[] = [
      { name: 'bin/', type: '5', mode: name === 'a.zip' ? 0o040755 : 0o755 },
      { name: 'bin/run', content: Buffer.from('#!/bin/sh\n'), mode: name === 'a.zip' ? 0o104755 : 0o4755 },
      { name: './data/deep/x.txt', content: Buffer.from('hello') },
      { name: 'empty', content: Buffer.alloc(0) },
    ];
    const { error, inner, paths } = await unpack(name, KINDS[name](entries));
    expect(error).toBeNull();
    expect(paths).toEqual(
      ['', '/bin', '/bin/run', '/data', '/data/deep', '/data/deep/x.txt', '/empty'].map((path) => `inner${path}`),
    );
    expect(readFileSync(join(inner, 'data/deep/x.txt'), 'utf8')).toBe('hello');
    expect(statSync(join(inner, 'bin/run')).mode & 0o7777).toBe(0o555);
    expect(statSync(join(inner, 'empty')).mode & 0o7777).toBe(0o444);
  });

  test.each(NAMES)(
    '%s: refuses names that lead elsewhere or hide something, and leaves nothing outside',
    async (name) => {
      for (const hostile of HOSTILE) {
        const { error, paths } = await unpack(name, KINDS[name]([{ name: hostile, content: Buffer.from('x') }]));
        expect({ hostile, error }).toEqual({ hostile, error: refusal(/name|broken/) });
        expect(paths).toEqual(['inner']);
      }
    },
  );

  test.each(NAMES)('%s: a name that only looks hostile is the name of a file', async (name) => {
    const { error } = await unpack(
      name,
      KINDS[name](HARMLESS.map((each) => ({ name: each, content: Buffer.from('x') }))),
    );
    expect(error).toBeNull();
  });

  test('refuses links, devices and pipes', async () => {
    for (const type of ['1', '2', '3', '4', '6']) {
      const { error, paths } = await unpack('a.tgz', tarGz([{ name: 'x', type, link: '/etc/passwd' }]));
      expect(error).toEqual(refusal(/not a file or folder/));
      expect(paths).toEqual(['inner']);
    }
    for (const mode of [0o120777, 0o020644, 0o060644, 0o010644, 0o140644]) {
      const { error } = await unpack('a.zip', zip([{ name: 'x', content: Buffer.from('/etc/passwd'), mode }]));
      expect(error).toEqual(refusal(/not a file or folder/));
    }
  });

  test.each(NAMES)('%s: refuses two entries at one place', async (name) => {
    const twice = [
      { name: 'x', content: Buffer.from('1') },
      { name: './x', content: Buffer.from('2') },
    ];
    expect((await unpack(name, KINDS[name](twice))).error).toEqual(refusal(/twice/));
    const through = [
      { name: 'x', content: Buffer.from('1') },
      { name: 'x/y', content: Buffer.from('2') },
    ];
    expect((await unpack(name, KINDS[name](through))).error).toEqual(refusal(/where a file is/));
  });

  test.each(NAMES)('%s: refuses too many entries and too many bytes', async (name) => {
    const many = Array.from({ length: 51 }, (_, index) => ({ name: String(index), content: Buffer.from('x') }));
    expect((await unpack(name, KINDS[name](many))).error).toEqual(refusal(/more than 50 files/));
    const large = [{ name: 'x', content: Buffer.alloc(41 * MIB) }];
    expect((await unpack(name, KINDS[name](large))).error).toEqual(refusal(/larger than|times as large/));
  });

  test('refuses what becomes many times as large as it is', async () => {
    const bomb = [{ name: 'x', content: Buffer.alloc(20 * MIB) }];
    expect((await unpack('a.zip', zip(bomb))).error).toEqual(refusal(/50 times/));
    expect((await unpack('a.tgz', tarGz(bomb))).error).toEqual(refusal(/50 times/));
    expect((await unpack('a.tar', tar(bomb))).error).toBeNull();
  });

  test('refuses headers that would fill the memory, and sizes that are not true', async () => {
    const name = { name: 'n', type: 'L', content: Buffer.alloc(30 * MIB, 'x') };
    expect((await unpack('a.tgz', tarGz([name, { name: 'x' }]))).error).toEqual(refusal(/headers|broken/));
    const short = [{ name: 'x', content: Buffer.alloc(10), saidSize: 5_000_000 }];
    expect((await unpack('a.tar', tar(short))).error).toEqual(refusal(/broken/));
    for (const saidSize of [0, 9, 11, 5_000_000]) {
      const lying = zip([{ name: 'x', content: Buffer.alloc(10), saidSize }]);
      expect((await unpack('a.zip', lying)).error).toEqual(refusal(/not as it says|broken/));
    }
  });

  test('refuses what is no archive, or only a part of one', async () => {
    for (const [name, whole] of [
      ['a.tgz', tarGz([{ name: 'x', content: Buffer.alloc(5000, 'ab') }])],
      ['a.zip', zip([{ name: 'x', content: Buffer.alloc(5000, 'ab') }])],
    ] as const) {
      for (const bytes of [
        Buffer.alloc(0),
        Buffer.from('<html>not found</html>'),
        whole.subarray(0, whole.length - 20),
        gzipSync('x'),
      ]) {
        expect((await unpack(name, bytes)).error).toEqual(refusal(/./));
      }
    }
    expect((await unpack('a.rar', Buffer.alloc(10))).error).toEqual(refusal(/does not end in/));
  });

  test('ends when it is asked to', async () => {
    const controller = new AbortController();
    controller.abort();
    const { error } = await unpack('a.tgz', tarGz([{ name: 'x', content: Buffer.from('x') }]), controller.signal);
    expect(error).toMatchObject({ name: 'AbortError' });
  });

  test('whatever an archive holds, nothing appears outside of its folder, and no link within', async () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'b', '/', '~', 'x'.repeat(300), 'ä', '\\', '\0', '\n');
    const name = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('/'));
    const entry = fc.record({
      name,
      content: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      type: fc.constantFrom('0', '0', '0', '1', '2', '3', '5', '6', 'L', 'x', 'g', '7'),
      link: fc.constantFrom('', '..', '/', 'a', '../../x'),
      mode: fc.constantFrom(0o644, 0o777, 0o100755, 0o120777, 0o040755),
    });
    const archive = fc.record({
      entries: fc.array(entry, { maxLength: 6 }),
      kind: fc.constantFrom(...NAMES),
      flip: fc.option(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { freq: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(archive, async ({ entries, kind, flip }) => {
        const bytes = KINDS[kind](entries);
        if (flip !== null) bytes[flip[0] % bytes.length] = (bytes[flip[0] % bytes.length] ?? 0) ^ flip[1];
        const { error, inner, paths } = await unpack(kind, bytes);
        expect(error === null || (error instanceof Error && error.name === 'ArchiveError')).toBe(true);
        expect(paths.every((path) => path === 'inner' || path.startsWith('inner/'))).toBe(true);
        for (const path of pathsIn(inner)) {
          const found = lstatSync(join(inner, path));
          expect(found.isFile() || found.isDirectory()).toBe(true);
          expect(found.isFile() ? found.nlink : 1).toBe(1);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('entryPath', () => {
  test('a path that it gives stays below the folder and is its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', '/', 'a', '\\', ' ', 'é', '\0') }), (name) => {
        const path = entryPath(name);
        if (path === null || path === '') return;
        expect(path.split('/').some((part) => ['', '.', '..'].includes(part))).toBe(false);
        expect(entryPath(path)).toBe(path);
      }),
    );
  });
});
