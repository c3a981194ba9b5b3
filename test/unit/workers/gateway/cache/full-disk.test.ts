import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TestCache } from './test-cache.js';

let marid: TestCache;
/** Needs the right to mount. */
const where = tries('unshare', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt') ? test : test.skip;
beforeEach(async () => {
  marid = await TestCache.start();
  mkdirSync(marid.path('cache'));
  tries('mount', '-t', 'tmpfs', '-o', 'size=3m', 'none', marid.path('cache'));
});
afterEach(async () => {
  tries('umount', marid.path('cache'));
  await marid.close();
});

describe('a cache on a small disk of its own', () => {
  where('files are copied to jobs; when it is full they go straight to them, and the others stay', async () => {
    const cache = await marid.open({ cacheFreshMs: 60_000 });
    const megabytes = (count: number): Buffer => Buffer.alloc(count * 1024 * 1024, 'x');
    const sizes = new Map([
      ['small', 1],
      ['large', 5],
      ['again', 1],
    ]);
    for (const [name, size] of sizes) {
      marid.server.files.set(`/${name}`, { body: megabytes(size), etag: '"1"' });
      const target = join(marid.job(), name);
      await cache.place({ uri: `${marid.server.url}/${name}`, target, writable: false }, new AbortController().signal);
      expect(readFileSync(target).equals(megabytes(size))).toBe(true);
      expect(statSync(target).nlink).toBe(1);
    }
    expect(readdirSync(marid.path('cache/partial'))).toEqual([]);
    expect(readdirSync(marid.path('cache/objects')).filter((name) => !name.endsWith('.json'))).toHaveLength(2);
  });
});

function tries(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
