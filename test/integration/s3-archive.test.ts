/** Archives in a real bucket: written as a worker does, read as the control plane does. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { S3BlobStore } from '../../infra/blobs/s3/s3-blob-store.js';
import { ArchiveReader } from '../../services/control-plane/archive/archive-reader.js';
import { findFiles } from '../../workers/gateway/archive/find-files.js';
import { writeArchives } from '../../workers/gateway/archive/write-archives.js';
import type { ArchivePlace } from '../../core/archive/archive-status.js';
import { decodeS3Url, describeEngine } from '../support/engines.js';
import { QuietLogger } from '../support/quiet-logger.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const MEGABYTE = 1024 * 1024;

await describeEngine('s3', (url) => {
  const { accessKeyId, secretAccessKey, ...place } = decodeS3Url(url);
  let folder: TemporaryFolder;
  let blobs: S3BlobStore;

  beforeEach(async () => {
    folder = makeTemporaryFolder();
    const credentials = { accessKeyId, secretAccessKey };
    const prefix = `test-${randomUUID()}`;
    blobs = await S3BlobStore.connect({
      ...place,
      prefix,
      credentials,
      forcePathStyle: true,
      logger: new QuietLogger(),
    });
  });
  afterEach(async () => {
    await blobs.close();
    folder.remove();
  });

  const archive = async (): Promise<ArchivePlace> => {
    const { signal } = new AbortController();
    const limits = { mostFiles: 1000, mostBytes: 1e12 };
    const found = await findFiles({ root: folder.path, excluded: () => false, ...limits, signal });
    if (found === null) throw new Error('there is no folder');
    const attempts = [{ reference: { jobId: 'j1', attempt: 1 }, found }];
    const [written] = await writeArchives({ attempts, workerId: 'w1', blobs, run: 'first', now: 1, signal });
    if (written === undefined) throw new Error('nothing was written');
    return written.place;
  };

  test('large files come back as they were, and so do their ranges', async () => {
    const large = randomBytes(20 * MEGABYTE);
    writeFileSync(join(folder.path, 'large'), large);
    writeFileSync(join(folder.path, 'stdout'), 'out\n');
    mkdirSync(join(folder.path, 'ünï'));
    writeFileSync(join(folder.path, 'ünï', '?#%'), '');
    const place = await archive();
    const read = async (path: string, range = { offset: 0, limit: 0 }): Promise<Buffer> => {
      const pieces: Uint8Array[] = [];
      const reader = new ArchiveReader(async () => blobs);
      for await (const { data } of reader.read(place, { path, ...range })) pieces.push(data);
      return Buffer.concat(pieces);
    };
    expect((await read('large')).equals(large)).toBe(true);
    expect(
      (await read('large', { offset: 12_345_678, limit: 1000 })).equals(large.subarray(12_345_678, 12_346_678)),
    ).toBe(true);
    expect((await read('stdout', { offset: -2, limit: 0 })).toString()).toBe('t\n');
    expect(await read('ünï/?#%')).toHaveLength(0);
  });
});
