/** Files of jobs from S3, also while S3 fails. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { FetchRequest } from '../../core/ports/fetcher.js';
import { S3Fetcher } from '../../infra/fetch/s3/s3-fetcher.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { decodeS3Url, describeEngine } from '../support/engines.js';
import { HttpFaultProxy } from '../support/http-fault-proxy.js';
import { QuietLogger } from '../support/quiet-logger.js';

await describeEngine('s3', (url) => {
  const { accessKeyId, secretAccessKey, endpoint, region, bucket } = decodeS3Url(url);
  const client = new S3Client({
    ...{ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } },
  });
  const logger = new QuietLogger();
  let proxy: HttpFaultProxy;
  let fetcher: S3Fetcher;
  let key: string;
  let done = new AbortController();

  beforeEach(async () => {
    process.env['AWS_ACCESS_KEY_ID'] = accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey;
    proxy = await HttpFaultProxy.start(endpoint);
    const place = { endpoint: proxy.url, region, forcePathStyle: true };
    fetcher = await S3Fetcher.connect({ ...place, idleMs: 1_000, clock: new SystemClock(), logger });
    key = `test-${randomUUID()}/a b+ü`;
    done = new AbortController();
  });
  afterEach(async () => {
    done.abort();
    await fetcher.close();
    await proxy.close();
  });

  afterAll(() => client.destroy());

  const put = (Body: string, into = bucket) => client.send(new PutObjectCommand({ Bucket: into, Key: key, Body }));
  const uriOf = (into = bucket): string => `s3://${into}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const open = (request: Partial<FetchRequest> = {}) =>
    fetcher.open({ uri: uriOf(), held: null, resume: null, signal: done.signal, ...request });
  const textOf = async (opened: { readonly body: AsyncIterable<Uint8Array> } | null): Promise<string> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of opened?.body ?? []) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };

  describe('S3Fetcher', () => {
    test('reads an object, and only if it is another than the one that is held', async () => {
      await put('0123456789');
      const first = await open();
      expect(first).toMatchObject({ sizeBytes: 10, offset: 0 });
      expect(await textOf(first)).toBe('0123456789');
      const held = first?.version ?? null;
      expect(await open({ held })).toBeNull();
      await put('other');
      expect(await textOf(await open({ held }))).toBe('other');
    });

    test('goes on behind what has come, but only in the same version', async () => {
      await put('0123456789');
      const version = (await open())?.version ?? '';
      const again = await open({ resume: { version, offset: 4 } });
      expect(again).toMatchObject({ offset: 4, sizeBytes: 10 });
      expect(await textOf(again)).toBe('456789');
      await put('other');
      expect(await open({ resume: { version, offset: 4 } })).toMatchObject({ offset: 0, sizeBytes: 5 });
    });

    test('one version of an object can be named', async () => {
      const versioned = `versions-${randomUUID()}`;
      await client.send(new CreateBucketCommand({ Bucket: versioned }));
      const VersioningConfiguration = { Status: 'Enabled' as const };
      await client.send(new PutBucketVersioningCommand({ Bucket: versioned, VersioningConfiguration }));
      const { VersionId: id } = await put('one', versioned);
      await put('two', versioned);
      expect(await textOf(await open({ uri: uriOf(versioned) }))).toBe('two');
      expect(await textOf(await open({ uri: `${uriOf(versioned)}?versionId=${id}` }))).toBe('one');
    });

    test.each([
      ['an object', () => uriOf()],
      ['a bucket', () => `s3://missing-${randomUUID()}/a`],
      ['a key', () => `s3://${bucket}/`],
    ])("%s that is missing is the job's own failure and names the URI", async (_, uri) => {
      const named = uri();
      const message = expect.stringContaining(named);
      await expect(open({ uri: named })).rejects.toMatchObject({ infrastructure: false, message });
    });

    test('a server that fails, is silent or breaks off is a failure of the infrastructure', async () => {
      await put('0123456789'.repeat(1000));
      const infrastructure = { infrastructure: true, message: expect.stringContaining(uriOf()) };
      proxy.choose = () => ({ kind: 'answer', status: 503 });
      await expect(open()).rejects.toMatchObject(infrastructure);
      proxy.choose = () => ({ kind: 'truncate', afterBytes: 100, hang: true });
      await expect(open().then(textOf)).rejects.toMatchObject(infrastructure);
      proxy.choose = () => ({ kind: 'truncate', afterBytes: 100, hang: false });
      await expect(open().then(textOf)).rejects.toMatchObject(infrastructure);
    });
  });
});
