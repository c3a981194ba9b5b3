import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { listCache, pruneCache, verifyCache } from '../../../../../workers/gateway/cache/maintenance.js';
import { TreeCache } from '../../../../../workers/gateway/cache/tree-cache.js';
import { tarGz, zip } from '../../../../support/archives.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../../support/temporary-folder.js';

const MIB = 1024 * 1024;
const SETTINGS = { cacheMaxMb: 10, unpackMaxFiles: 100, unpackMaxMb: 100, unpackMaxRatio: 10_000 };
const never = new AbortController().signal;

let folder: TemporaryFolder;
let jobs: number;

beforeEach(() => {
  folder = makeTemporaryFolder();
  jobs = 0;
});

afterEach(() => {
  folder.remove();
});

/** As an operator sees them, below the state folder. */
async function listed(): Promise<readonly (readonly [uri: string, unpacked: boolean, linked: boolean])[]> {
  const files = await listCache(folder.path);
  return files.map(({ uri, unpacked, linked }) => [uri, unpacked, linked] as const);
}

function openCache(settings = SETTINGS): Promise<TreeCache> {
  const clock = new FakeClock();
  return TreeCache.open({ folder: join(folder.path, 'cache'), settings, clock, logger: new QuietLogger() });
}

/** Places an archive as a job would have it, and unpacks it; where its files are. */
async function unpack(cache: TreeCache, archive: string, signal = never): Promise<string> {
  const target = join(folder.path, `job-${(jobs += 1)}`);
  await cache.place({ uri: 'file:///tool.tgz', archive, target }, signal);
  return target;
}

function write(name: string, bytes: Buffer): string {
  const path = join(folder.path, name);
  writeFileSync(path, bytes);
  return path;
}

function trees(): readonly string[] {
  return readdirSync(join(folder.path, 'cache/trees')).filter((name) => !name.endsWith('.json'));
}

describe('TreeCache', () => {
  test('an operator sees what is unpacked, removes what no job links to, and what was written to', async () => {
    const archive = write('tool.tgz', tarGz([{ name: 'bin/tool', content: Buffer.from('one') }]));
    const target = await unpack(await openCache(), archive);
    expect(await listed()).toEqual([['file:///tool.tgz', true, true]]);
    expect(await pruneCache(folder.path, 0)).toEqual([]);
    expect(await verifyCache(folder.path)).toEqual({ good: 1, removed: [] });
    chmodSync(join(target, 'bin/tool'), 0o644);
    writeFileSync(join(target, 'bin/tool'), 'two');
    expect((await verifyCache(folder.path)).removed).toMatchObject([{ uri: 'file:///tool.tgz', unpacked: true }]);
    const again = await unpack(await openCache(), archive);
    rmSync(again, { recursive: true });
    expect(await pruneCache(folder.path, 0)).toMatchObject([{ unpacked: true }]);
    expect(await listed()).toEqual([]);
    expect(readdirSync(join(folder.path, 'cache/trees'))).toEqual([]);
  });

  test('unpacks an archive once for all jobs, also for those of a later process', async () => {
    const archive = write('tool.tgz', tarGz([{ name: 'bin/run', content: Buffer.from('run'), mode: 0o755 }]));
    const cache = await openCache();
    const first = await Promise.all([unpack(cache, archive), unpack(cache, archive), unpack(cache, archive)]);
    const later = await unpack(await openCache(), archive);
    const inodes = [...first, later].map((target) => statSync(join(target, 'bin/run')).ino);
    expect(new Set(inodes).size).toBe(1);
    expect(trees()).toHaveLength(1);
    expect(statSync(join(later, 'bin/run')).mode & 0o222).toBe(0);
  });

  test('another version of the archive is another tree', async () => {
    const cache = await openCache();
    const before = await unpack(cache, write('tool.tgz', tarGz([{ name: 'x', content: Buffer.from('1') }])));
    const after = await unpack(cache, write('tool.tgz', tarGz([{ name: 'x', content: Buffer.from('two') }])));
    expect([before, after].map((target) => readFileSync(join(target, 'x'), 'utf8'))).toEqual(['1', 'two']);
  });

  test('a tree to which somebody has written, or that is gone, is unpacked again', async () => {
    const archive = write('tool.zip', zip([{ name: 'x', content: Buffer.from('good') }]));
    const cache = await openCache();
    const changed = join(await unpack(cache, archive), 'x');
    chmodSync(changed, 0o644);
    writeFileSync(changed, 'evil');
    expect(readFileSync(join(await unpack(cache, archive), 'x'), 'utf8')).toBe('good');
    const [tree] = trees();
    const { rm } = await import('node:fs/promises');
    await rm(join(folder.path, 'cache', 'trees', tree ?? ''), { recursive: true });
    expect(readFileSync(join(await unpack(cache, archive), 'x'), 'utf8')).toBe('good');
  });

  test('the least used leave when there are too many bytes; jobs keep their files', async () => {
    const cache = await openCache();
    const archives = ['a', 'b', 'c'].map((name) =>
      write(name + '.tgz', tarGz([{ name, content: Buffer.alloc(4 * MIB) }])),
    );
    const targets: string[] = [];
    for (const archive of archives) targets.push(await unpack(cache, archive));
    expect(trees()).toHaveLength(2);
    expect(targets.map((target, index) => existsSync(join(target, 'abc'[index] ?? '')))).toEqual([true, true, true]);
  });

  test('without a cache, or with one too small, each job gets a copy of its own', async () => {
    const archive = write('tool.tgz', tarGz([{ name: 'x', content: Buffer.alloc(2 * MIB) }]));
    for (const cacheMaxMb of [0, 1]) {
      const cache = await openCache({ ...SETTINGS, cacheMaxMb });
      expect(statSync(join(await unpack(cache, archive), 'x'))).toMatchObject({ size: 2 * MIB, nlink: 1 });
      expect(trees()).toEqual([]);
    }
  });

  test('leaves nothing of an archive that is refused, and removes what killed processes have left', async () => {
    const archive = write('tool.tgz', tarGz([{ name: 'x' }, { name: '../y' }]));
    mkdirSync(join(folder.path, 'cache', 'trees', '999999999-1.partial'), { recursive: true });
    await expect(unpack(await openCache(), archive)).rejects.toMatchObject({ name: 'ArchiveError' });
    expect(trees()).toEqual([]);
  });
});
