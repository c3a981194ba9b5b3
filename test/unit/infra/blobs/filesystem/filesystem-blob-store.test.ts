import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mkdirSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { entryOfName, pathOfKey } from '../../../../../infra/blobs/filesystem/blob-paths.js';
import { FilesystemBlobStore } from '../../../../../infra/blobs/filesystem/filesystem-blob-store.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../../support/temporary-folder.js';

describe('pathOfKey', () => {
  const segment = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => !text.includes('/') && text !== '.' && text !== '..');

  test('leads to one place below the folder and back to the key', () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const key = segments.join('/');
        const names = pathOfKey(key);
        const path = names.join('/');
        expect(normalize(path)).toBe(path);
        expect(path).toMatch(/^[A-Za-z0-9._%/~-]+$/);
        expect(names.map((name) => entryOfName(name)?.key).join('')).toBe(key);
      }),
    );
  });

  test('a name that the file system cannot take is refused', () => {
    expect(() => pathOfKey('ü'.repeat(50))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('FilesystemBlobStore', () => {
  let folder: TemporaryFolder;
  let store: FilesystemBlobStore;
  const path = (...names: readonly string[]): string => join(folder.path, 'blobs', ...names);
  const put = (key: string, text = 'x'): Promise<unknown> => store.put({ key, body: textBody(text) });

  const openFiles = (): readonly string[] =>
    readdirSync('/proc/self/fd')
      .map((name) => readLink(`/proc/self/fd/${name}`))
      .filter((target) => target.startsWith(folder.path));

  beforeEach(async () => {
    folder = makeTemporaryFolder();
    store = await FilesystemBlobStore.connect({ folder: path() });
  });
  afterEach(async () => {
    await store.close();
    folder.remove();
  });

  test("blobs are there after the folder was opened again, and a crash's leftovers are not", async () => {
    await put('a/b', 'kept');
    writeFileSync(path('partial', 'half'), 'half');
    await store.close();
    store = await FilesystemBlobStore.connect({ folder: path() });
    expect(await store.head({ key: 'a/b' })).toMatchObject({ sizeBytes: 4 });
    expect(readdirSync(path('partial'))).toEqual([]);
  });

  test('nothing is left beside a blob, whether it was put, refused or broke', async () => {
    await put('a');
    await store.put({ key: 'a', body: textBody('b'), ifAbsent: true });
    await Promise.all([1, 2, 3].map(() => store.put({ key: 'c', body: textBody('c'), ifAbsent: true })));
    await expect(store.put({ key: 'd', body: brokenBody() })).rejects.toThrow('broke');
    expect(readdirSync(path('partial'))).toEqual([]);
  });

  test('files are for the owner only', async () => {
    await put('a/b');
    expect((statSync(path('objects', 'a', 'b~')).mode & 0o777).toString(8)).toBe('600');
    expect((statSync(path('objects', 'a')).mode & 0o777).toString(8)).toBe('700');
  });

  test('the last blob of a folder takes the folder along', async () => {
    await put('a/b/c');
    await put('a/d');
    await store.delete({ key: 'a/b/c' });
    expect(readdirSync(path('objects', 'a'))).toEqual(['d~']);
    await store.delete({ key: 'a/d' });
    expect(readdirSync(path('objects'))).toEqual([]);
  });

  test("puts and deletes in one folder do not get in each other's way", async () => {
    const rounds = Array.from({ length: 40 }, async (_, index) => {
      const key = `busy/folder/${String(index % 4)}`;
      await put(key);
      await store.delete({ key });
    });
    await Promise.all(rounds);
    expect(await store.list({ prefix: '', after: null, limit: 10 })).toEqual([]);
  });

  test('a body that is given up, or never read, leaves no file open', async () => {
    await put('a', 'x'.repeat(200_000));
    const given = await store.get({ key: 'a' });
    for await (const piece of given?.body ?? []) {
      expect(piece.length).toBeLessThan(200_000);
      expect(openFiles()).toHaveLength(1);
      break;
    }
    expect(openFiles()).toEqual([]);
    await store.get({ key: 'a' });
    await store.close();
    expect(openFiles()).toEqual([]);
    await expect(store.head({ key: 'a' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('files that are not ours are not listed', async () => {
    await put('a');
    writeFileSync(path('objects', 'not ours'), '');
    mkdirSync(path('objects', 'empty'));
    expect((await store.list({ prefix: '', after: null, limit: 10 })).map((info) => info.key)).toEqual(['a']);
  });

  test('a folder that cannot be made is UNAVAILABLE', async () => {
    writeFileSync(join(folder.path, 'file'), '');
    const connecting = FilesystemBlobStore.connect({ folder: join(folder.path, 'file', 'blobs') });
    await expect(connecting).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

async function* textBody(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function* brokenBody(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half');
  throw new Error('broke');
}

/** Where a link leads; empty when it is gone. */
function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
