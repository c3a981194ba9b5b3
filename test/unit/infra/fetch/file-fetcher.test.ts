import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FileFetcher } from '../../../../infra/fetch/file/file-fetcher.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

let folder: TemporaryFolder;
let done = new AbortController();
beforeEach(() => {
  folder = makeTemporaryFolder();
  done = new AbortController();
});
afterEach(() => {
  done.abort();
  folder.remove();
});

const pathOf = (name: string): string => join(folder.path, name);
const uriOf = (name: string): string => pathToFileURL(pathOf(name)).href;
const open = (uri: string, held: string | null = null, folders: readonly string[] = []) =>
  new FileFetcher({ folders }).open({ uri, held, resume: null, signal: done.signal });

async function textOf(body: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body ?? []) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe('FileFetcher', () => {
  test('reads, where others name the files, only what everybody may read, also what is held already', async () => {
    mkdirSync(pathOf('closed'));
    for (const name of ['open', 'closed/file', 'private']) writeFileSync(pathOf(name), name);
    symlinkSync('closed/file', pathOf('link'));
    chmodSync(folder.path, 0o711);
    chmodSync(pathOf('private'), 0o640);
    const fetcher = new FileFetcher({ folders: [], publicOnly: true });
    const read = (name: string, held: string | null = null) =>
      fetcher.open({ uri: uriOf(name), held, resume: null, signal: done.signal });
    for (const name of ['open', 'closed/file', 'link'])
      expect(await textOf((await read(name))?.body)).toBe(name.replace('link', 'closed/file'));
    const { version = null } = (await read('link')) ?? {};
    expect(await read('link', version)).toBeNull();
    chmodSync(pathOf('closed'), 0o750);
    for (const name of ['private', 'closed/file', 'link']) {
      await expect(read(name, version)).rejects.toMatchObject({ reason: 'FILE_UNREADABLE', infrastructure: false });
    }
    await expect(read('private')).rejects.toThrow('not every user of the machine may read it');
  });

  test('reads a file whose name has every kind of character, and tells whether it is a program', async () => {
    writeFileSync(pathOf('a b#é'), 'content');
    const plain = await open(uriOf('a b#é'));
    expect(plain).toMatchObject({ sizeBytes: 7, offset: 0, executable: false });
    expect(await textOf(plain?.body)).toBe('content');
    chmodSync(pathOf('a b#é'), 0o700);
    expect((await open(uriOf('a b#é')))?.executable).toBe(true);
  });

  test('a file of the version that is held is not opened; one that was written to is', async () => {
    writeFileSync(pathOf('a'), 'x');
    const version = (await open(uriOf('a')))?.version ?? null;
    expect(await open(uriOf('a'), version)).toBeNull();
    appendFileSync(pathOf('a'), 'y');
    expect(await open(uriOf('a'), version)).toMatchObject({ sizeBytes: 2 });
  });

  test('a file that changes while it is read is not taken for whole', async () => {
    writeFileSync(pathOf('a'), 'x');
    const opened = await open(uriOf('a'));
    appendFileSync(pathOf('a'), 'y');
    await expect(textOf(opened?.body)).rejects.toMatchObject({ reason: 'FILE_CHANGED', infrastructure: true });
  });

  test.each([
    ['a vanished file', () => uriOf('gone'), 'FILE_UNREADABLE'],
    ['a folder', () => uriOf('folder'), 'FILE_UNREADABLE'],
    ['a pipe', () => uriOf('pipe'), 'FILE_UNREADABLE'],
    ['a device', () => 'file:///dev/zero', 'FILE_UNREADABLE'],
    ['a link to itself', () => uriOf('loop'), 'FILE_UNREADABLE'],
    ['a very long name', () => uriOf('x'.repeat(300)), 'FILE_UNREADABLE'],
    ['a name with NUL', () => 'file:///a%00b', 'INVALID_URI'],
    ["another machine's file", () => 'file://elsewhere/a', 'INVALID_URI'],
  ])("%s is the job's own failure and names the URI", async (_, uri, reason) => {
    mkdirSync(pathOf('folder'));
    execFileSync('mkfifo', [pathOf('pipe')]);
    symlinkSync('loop', pathOf('loop'));
    const message = expect.stringContaining(uri());
    await expect(open(uri())).rejects.toMatchObject({ reason, message, infrastructure: false });
  });

  test('only files of the allowed folders are read, wherever links lead', async () => {
    mkdirSync(pathOf('in'));
    mkdirSync(pathOf('inside-not'));
    for (const name of ['in/a', 'inside-not/b']) writeFileSync(pathOf(name), 'x');
    symlinkSync(pathOf('inside-not/b'), pathOf('in/link'));
    expect(await open(uriOf('in/a'), null, [pathOf('in')])).not.toBeNull();
    for (const name of ['in/link', 'inside-not/b', 'in/%2e%2e/inside-not/b']) {
      const uri = `file://${folder.path}/${name}`;
      await expect(open(uri, null, [pathOf('in')])).rejects.toMatchObject({ reason: 'FILE_UNREADABLE' });
    }
  });
});
