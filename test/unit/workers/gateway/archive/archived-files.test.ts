/** Archives of real folders in a real blob store, read back as the control plane does. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { manifestsKey } from '../../../../../core/archive/keys.js';
import type { BlobStore } from '../../../../../core/ports/blob-store.js';
import type { FilesystemBlobStore } from '../../../../../infra/blobs/filesystem/filesystem-blob-store.js';
import { ArchiveBench } from '../../../../support/archive-bench.js';
let bench: ArchiveBench;
beforeEach(async () => {
  bench = await ArchiveBench.open();
});
afterEach(() => bench.close());

describe('the archive of an attempt', () => {
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
    const event = await bench.archive(bench.makeAttempt('j1', { ...files, ...left }, exclusion));
    expect(event).toMatchObject({ jobId: 'j1', attempt: 1, archive: 'ARCHIVED', message: '4 files.' });
    expect(await bench.list('j1')).toEqual(['a/b.txt', 'a/c.bin', 'genie/logs/env.log', 'stdout']);
    expect(await bench.list('j1', 'a')).toEqual(['a/b.txt', 'a/c.bin']);
    for (const path of ['stdout', 'a/b.txt', 'a/c.bin'] as const)
      expect(await bench.read('j1', path)).toBe(files[path]);
  });

  test('reads ranges, from the end too', async () => {
    await bench.archive(bench.makeAttempt('j1', { before: 'xxx', stdout: '0123456789', zero: '' }));
    const ranges = [
      { offset: 3, limit: 4 },
      { offset: -2, limit: 0 },
      { offset: -99, limit: 2 },
      { offset: 10, limit: 0 },
      { offset: 8, limit: 9 },
    ];
    const found = await Promise.all(ranges.map((range) => bench.read('j1', 'stdout', range)));
    expect(found).toEqual(['3456', '89', '01', '', '89']);
    expect(await bench.read('j1', 'zero')).toBe('');
    await expect(bench.read('j1', '../j2/1/stdout')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(bench.read('j1', 'nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('names links, pipes and what does not fit, and goes on', async () => {
    const attempt = bench.makeAttempt('j1', { stdout: 'out', big: '0123456789', small: 's' });
    symlinkSync('/etc/passwd', join(attempt.directory, 'link'));
    symlinkSync('/etc', join(attempt.directory, 'folder'));
    execFileSync('mkfifo', [join(attempt.directory, 'pipe')]);
    bench.archiver = bench.makeArchiver({ archiveMaxBytes: 5 });
    await bench.archive(attempt);
    expect(await bench.list('j1')).toEqual(['small', 'stdout']);
    const [, manifest = ''] = (await bench.textOf(manifestsKey(bench.placeOf('j1').run))).split('\n');
    const { skipped } = JSON.parse(manifest) as { readonly skipped: unknown };
    expect(bench.eventOf('j1').message).toBe('2 files, 4 left out.');
    expect(skipped).toEqual([
      { path: 'big', reason: 'size' },
      { path: 'folder', reason: 'link' },
      { path: 'link', reason: 'link' },
      { path: 'pipe', reason: 'special' },
    ]);
  });

  test('leaves out what is over the number of files', async () => {
    bench.archiver = bench.makeArchiver({ archiveMaxFiles: 20 });
    const files = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${String(index + 100)}`, 'x']));
    await bench.archive(bench.makeAttempt('j1', { ...files, stdout: 'o' }));
    expect(await bench.list('j1')).toHaveLength(20);
    expect(await bench.list('j1')).toContain('stdout');
  });

  test('archives very many files, and others of the process come to their turn meanwhile', async () => {
    bench.archiver = bench.makeArchiver({ archiveMaxFiles: 10_000 });
    const attempt = bench.makeAttempt('many', { stdout: 'o' });
    for (let folderNumber = 0; folderNumber < 10; folderNumber += 1) {
      mkdirSync(join(attempt.directory, String(folderNumber)));
      for (let file = 0; file < 1_010; file += 1) {
        closeSync(openSync(join(attempt.directory, String(folderNumber), String(file)), 'w'));
      }
    }
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);
    try {
      const event = await bench.archive(attempt);
      expect(event.message).toBe('10000 files, 101 left out.');
    } finally {
      clearInterval(ticking);
    }
    expect(turns).toBeGreaterThan(10);
    expect(await bench.list('many', '7')).toHaveLength(1_010);
  }, 60_000);

  test('archives what there is of a file that shrinks while it is read', async () => {
    const attempt = bench.makeAttempt('j1', { a: 'x'.repeat(1000), b: 'behind' });
    const shrinking: BlobStore = Object.assign(Object.create(bench.store) as FilesystemBlobStore, {
      put: (options: Parameters<BlobStore['put']>[0]) => {
        truncateSync(join(attempt.directory, 'a'), 10);
        return bench.store.put(options);
      },
    });
    bench.archiver = bench.makeArchiver({}, async () => shrinking);
    await bench.archive(attempt);
    expect([await bench.read('j1', 'a'), await bench.read('j1', 'b')]).toEqual(['x'.repeat(10), 'behind']);
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
        await bench.archive(
          bench.makeAttempt(jobId, Object.fromEntries(paths.map((each) => [each, `content of ${each}`]))),
        );
        for (const each of paths) expect(await bench.read(jobId, each)).toBe(`content of ${each}`);
        expect((await bench.keys()).filter((key) => !/^archive\/[0-9a-z-]+\/(manifests|1)$/.test(key))).toEqual([]);
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
