/** Attachments in a real bucket: uploaded through a control plane, cut off, gone on with, and fetched as a worker does. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { S3BlobStore } from '../../infra/blobs/s3/s3-blob-store.js';
import { AttachmentFetcher } from '../../infra/fetch/attachment/attachment-fetcher.js';
import { partsOf, sha256Of } from '../support/attachments.js';
import { openControlPlane, type TestControlPlane } from '../support/control-plane.js';
import { decodeS3Url, describeEngine } from '../support/engines.js';
import { QuietLogger } from '../support/quiet-logger.js';

const MIB = 1024 * 1024;

await describeEngine('s3', (url) => {
  let blobs: S3BlobStore;
  let plane: TestControlPlane;

  beforeEach(async () => {
    const { accessKeyId, secretAccessKey, ...place } = decodeS3Url(url);
    blobs = await S3BlobStore.connect({
      ...{ ...place, prefix: `test-${randomUUID()}`, credentials: { accessKeyId, secretAccessKey } },
      ...{ forcePathStyle: true, logger: new QuietLogger() },
    });
    plane = await openControlPlane({ blobs });
  });
  afterEach(async () => {
    await plane.stop();
    await blobs.close();
  });

  test('an upload that was cut off goes on, and comes back as it was', async () => {
    const content = randomBytes(9 * MIB);
    const sha256 = sha256Of(content);
    const cut = plane.attachments.uploadAttachment(partsOf(content, { cutAfter: 6 * MIB }));
    await expect(cut).rejects.toMatchObject({ code: 'CANCELLED' });
    const there = await plane.attachments.getAttachment({ sha256 });
    expect(there).toMatchObject({ storedBytes: BigInt(4 * MIB), complete: false });
    await plane.attachments.uploadAttachment(partsOf(content, { offset: 4 * MIB }));
    const { signal } = new AbortController();
    const fetcher = new AttachmentFetcher(async () => blobs);
    const file = await fetcher.open({ uri: `marid-attachment:${sha256}`, held: null, resume: null, signal });
    const pieces: Uint8Array[] = [];
    for await (const bytes of file?.body ?? []) pieces.push(bytes);
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
    expect(await fetcher.open({ uri: `marid-attachment:${sha256}`, held: sha256, resume: null, signal })).toBeNull();
  });
});
