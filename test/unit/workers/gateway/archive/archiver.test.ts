/** Archives of attempts: when they are written, again, and told. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import type { BlobStore } from '../../../../../core/ports/blob-store.js';
import type { FilesystemBlobStore } from '../../../../../infra/blobs/filesystem/filesystem-blob-store.js';
import { Attempt } from '../../../../../workers/gateway/attempts/attempt.js';
import { until } from '../../../../support/fake-clock.js';
import { ArchiveBench } from '../../../../support/archive-bench.js';
let bench: ArchiveBench;
beforeEach(async () => {
  bench = await ArchiveBench.open();
});
afterEach(() => bench.close());

describe('Archiver', () => {
  test('asks for nothing when nothing is wanted, or nothing was made', () => {
    expect(bench.archiver.note(bench.makeAttempt('j1', {}, { disabled: true }), 0)).toBe('DISABLED');
    const attempt = bench.makeAttempt('j2', {});
    expect(bench.makeArchiver({ archive: false }).note(attempt, 0)).toBe('DISABLED');
    const reference = { jobId: 'j3', attempt: 1 };
    const none = new Attempt({ ...attempt, reference, directory: bench.path('jobs', 'j3', '1') });
    expect(bench.archiver.note(none, 0)).toBe('NO_FILES');
  });

  test('tries again until the bench.store is there, and lets others go first', async () => {
    const attempt = bench.makeAttempt('j1', { stdout: 'out' });
    let tries = 0;
    bench.archiver = bench.makeArchiver({}, async () => {
      tries += 1;
      if (tries < 4) throw new MaridError('UNAVAILABLE', 'away');
      return bench.store;
    });
    bench.end(attempt);
    while (tries < 4) {
      await bench.archiver.flush();
      expect(bench.archiver.holds(attempt.reference)).toBe(true);
      await bench.clock.advance(10_000);
    }
    await until(() => bench.events.length > 0 && !bench.archiver.holds(attempt.reference));
    expect(bench.events).toMatchObject([{ archive: 'ARCHIVED' }]);
  });

  test('gives up when the time is over, and says why', async () => {
    const attempt = bench.makeAttempt('j1', { stdout: 'out' });
    const away = async (): Promise<never> => Promise.reject(new MaridError('UNAVAILABLE', 'the bucket is gone'));
    bench.archiver = bench.makeArchiver({ archiveDeadlineMs: 10_000 }, away);
    bench.end(attempt, bench.clock.now() - 10_001);
    await bench.archiver.flush();
    await until(() => bench.events.length > 0);
    expect(bench.events).toMatchObject([{ archive: 'FAILED', message: 'the bucket is gone' }]);
    expect(existsSync(attempt.directory)).toBe(true);
  });

  test('goes on with what the process before has left', async () => {
    bench.archiver.note(bench.makeAttempt('j1', { stdout: 'out', no: 'x' }, { excludes: ['no'] }), bench.clock.now());
    await bench.archive(bench.makeAttempt('j2', { stdout: 'done' }));
    await until(() => !bench.archiver.holds({ jobId: 'j2', attempt: 1 }));
    await bench.archiver.stop();
    appendFileSync(bench.path('due'), '\n{"jobId":"j3","att'); // as a kill or a full disk leaves it
    bench.events = [];
    bench.archiver = bench.makeArchiver();
    await bench.archiver.start();
    expect(readFileSync(bench.path('due'), 'utf8').trim().split('\n')).toHaveLength(1);
    await bench.archiver.flush();
    await until(() => bench.events.length > 0 && !bench.archiver.holds({ jobId: 'j1', attempt: 1 }));
    expect(bench.events).toHaveLength(1);
    expect(await bench.list('j1')).toEqual(['stdout']);
    await bench.archiver.stop();
    bench.archiver = bench.makeArchiver();
    await bench.archiver.start();
    expect(bench.archiver.holds({ jobId: 'j1', attempt: 1 })).toBe(false);
  });

  test('waits a moment for company: many attempts are two writes and one record', async () => {
    const attempts = Array.from({ length: 90 }, (_, index) =>
      bench.makeAttempt(`j${String(index)}`, { stdout: `of ${String(index)}` }),
    );
    for (const attempt of attempts) {
      bench.end(attempt);
    }
    expect(await bench.keys()).toEqual([]);
    await bench.clock.advance(1_000);
    await until(() => bench.events.length === 90);
    expect(bench.news).toBe(1);
    expect(await bench.keys()).toHaveLength(2);
    expect([await bench.read('j0', 'stdout'), await bench.read('j89', 'stdout')]).toEqual(['of 0', 'of 89']);
  });

  test('writes a large attempt by itself, in packs', async () => {
    const large = bench.makeAttempt('large', { stdout: 'l', a: '', b: '' });
    for (const name of ['a', 'b']) truncateSync(join(large.directory, name), 40 * 1024 * 1024);
    const attempts = [bench.makeAttempt('s1', { stdout: '1' }), large, bench.makeAttempt('s2', { stdout: '2' })];
    for (const attempt of attempts) {
      bench.end(attempt);
    }
    await bench.archiver.flush();
    await until(() => bench.events.length === 3);
    expect(bench.placeOf('large').run).not.toBe(bench.placeOf('s1').run);
    expect(await bench.read('large', 'b', { offset: 41_943_030, limit: 0 })).toBe('\0'.repeat(10));
    expect(await bench.read('s2', 'stdout')).toBe('2');
  });

  test('leaves nothing of a try that failed, and nothing waits for it', async () => {
    const failing: BlobStore = Object.assign(Object.create(bench.store) as FilesystemBlobStore, {
      put: async (options: Parameters<BlobStore['put']>[0]) => {
        if (options.key.endsWith('/manifests')) throw new MaridError('UNAVAILABLE', 'away');
        return bench.store.put(options);
      },
    });
    bench.archiver = bench.makeArchiver({}, async () => failing);
    const attempt = bench.makeAttempt('j1', { stdout: 'out' });
    bench.end(attempt);
    await bench.archiver.flush();
    expect(await bench.keys()).toEqual([]);
    expect(bench.archiver.holds(attempt.reference)).toBe(true);
  });

  test('removes the bench.folder once the log holds the bench.news, if it is not kept', async () => {
    bench.archiver = bench.makeArchiver({ keepJobFoldersMs: 0 });
    const attempt = bench.makeAttempt('j1', { stdout: 'out' });
    await bench.archive(attempt);
    await until(() => !existsSync(attempt.directory) && !existsSync(`${attempt.directory}.json`));
    expect(await bench.read('j1', 'stdout')).toBe('out');
  });
});
