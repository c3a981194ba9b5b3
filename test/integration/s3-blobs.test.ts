/** Blobs in S3 while S3 fails: through a proxy that cuts, loses, delays and refuses. */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { S3BlobStore, type S3BlobStoreOptions } from '../../infra/blobs/s3/s3-blob-store.js';
import { decodeS3Url, describeEngine } from '../support/engines.js';
import { HttpFaultProxy, type HttpFault } from '../support/http-fault-proxy.js';
import { QuietLogger } from '../support/quiet-logger.js';

const MEGABYTE = 1024 * 1024;
const UNAVAILABLE = { name: 'MaridError', code: 'UNAVAILABLE', retryable: true };
const PASS: HttpFault = { kind: 'pass' };

await describeEngine('s3', (url) => {
  const { accessKeyId, secretAccessKey, ...place } = decodeS3Url(url);
  const credentials = { accessKeyId, secretAccessKey };
  let proxy: HttpFaultProxy;
  let logger: QuietLogger;
  let prefix: string;
  let store: S3BlobStore;
  const opened: S3BlobStore[] = [];

  const connect = async (options: Partial<S3BlobStoreOptions> = {}): Promise<S3BlobStore> => {
    const where = { ...place, endpoint: proxy.url, prefix, forcePathStyle: true, credentials };
    const connected = await S3BlobStore.connect({ ...where, logger, timeoutMs: 2000, ...options });
    opened.push(connected);
    return connected;
  };
  /** Lets `fault` happen to the first `times` requests that `matches`. */
  const fail = (fault: HttpFault, matches: RegExp, times = Number.POSITIVE_INFINITY): void => {
    let left = times;
    proxy.choose = ({ method, path }) => {
      if (left <= 0 || !matches.test(`${method} ${path}`)) return PASS;
      left -= 1;
      return fault;
    };
  };
  /** Unfinished uploads below the prefix. */
  const unfinished = async (): Promise<number> => {
    const client = new S3Client({ ...place, credentials, forcePathStyle: true });
    const found = await client.send(new ListMultipartUploadsCommand({ Bucket: place.bucket, Prefix: prefix }));
    client.destroy();
    return found.Uploads?.length ?? 0;
  };

  beforeEach(async () => {
    proxy = await HttpFaultProxy.start(place.endpoint);
    logger = new QuietLogger();
    prefix = `test-${randomUUID()}`;
    store = await connect();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await proxy.close();
  });

  describe('large blobs', () => {
    test('go up in parts and come down as they were', async () => {
      const info = await store.put({ key: 'large', body: megabytes(20) });
      expect(info).toMatchObject({ key: 'large', sizeBytes: 20 * MEGABYTE });
      expect(proxy.seen.filter((line) => /^PUT .*partNumber=/.test(line))).toHaveLength(3);
      expect(await store.head({ key: 'large' })).toEqual(info);
      const found = await store.get({ key: 'large', offset: 9 * MEGABYTE - 1, length: 2 });
      expect([...(await bytesOf(found?.body))]).toEqual([8, 9]);
      expect((await bytesOf((await store.get({ key: 'large' }))?.body)).length).toBe(20 * MEGABYTE);
    });

    test('ifAbsent: of several at once one wins, and the parts of the others are gone', async () => {
      const puts = Array.from({ length: 4 }, () => store.put({ key: 'one', body: megabytes(9), ifAbsent: true }));
      expect((await Promise.all(puts)).filter((info) => info !== null)).toHaveLength(1);
      expect(await unfinished()).toBe(0);
    });

    test('a body that throws late leaves nothing', async () => {
      const broken = store.put({ key: 'broken', body: megabytes(20, 17) });
      await expect(broken).rejects.toThrow('the body broke');
      expect(await store.head({ key: 'broken' })).toBeNull();
      expect(await unfinished()).toBe(0);
    });
  });

  describe('a connection that is cut', () => {
    test('in the middle of a part is taken up again', async () => {
      fail({ kind: 'cut', afterBytes: MEGABYTE }, /partNumber=2/, 1);
      expect(await store.put({ key: 'cut', body: megabytes(20) })).toMatchObject({ sizeBytes: 20 * MEGABYTE });
      expect((await bytesOf((await store.get({ key: 'cut' }))?.body)).length).toBe(20 * MEGABYTE);
    });

    test('again and again is UNAVAILABLE with key and bucket named; the parts go with the next put', async () => {
      await store.put({ key: 'cut', body: text('before') });
      proxy.choose = ({ method, path }) => {
        if (method === 'DELETE') return { kind: 'answer', status: 503 };
        return path.includes('partNumber=2') ? { kind: 'cut', afterBytes: MEGABYTE } : PASS;
      };
      const put = store.put({ key: 'cut', body: megabytes(20) });
      await expect(put).rejects.toMatchObject(UNAVAILABLE);
      await expect(put).rejects.toThrow(`S3 cannot write "${prefix}/cut" in bucket ${place.bucket} at ${proxy.url}`);
      expect(await unfinished()).toBe(1);
      proxy.choose = () => PASS;
      expect(await readText('cut')).toBe('before');
      await store.put({ key: 'other', body: text('x') });
      expect(await unfinished()).toBe(0);
    });

    test('while a body is read is UNAVAILABLE, and never a short body that looks whole', async () => {
      await store.put({ key: 'read', body: megabytes(4) });
      fail({ kind: 'truncate', afterBytes: MEGABYTE, hang: false }, /^GET/);
      await expect(bytesOf((await store.get({ key: 'read' }))?.body)).rejects.toMatchObject(UNAVAILABLE);
    });
  });

  describe('an answer that is lost', () => {
    test('ifAbsent knows its own write again', async () => {
      fail({ kind: 'lose' }, /^PUT/, 1);
      expect(await store.put({ key: 'mine', body: text('mine'), ifAbsent: true })).toMatchObject({ sizeBytes: 4 });
      expect(await store.put({ key: 'mine', body: text('other'), ifAbsent: true })).toBeNull();
    });

    test('the end of a large upload as well', async () => {
      fail({ kind: 'lose' }, /^POST .*uploadId=/, 1);
      const info = await store.put({ key: 'mine', body: megabytes(9), ifAbsent: true });
      expect(info).toMatchObject({ sizeBytes: 9 * MEGABYTE });
      expect(await unfinished()).toBe(0);
    });
  });

  describe('a server in trouble', () => {
    test('503 twice passes unnoticed, 503 for ever is UNAVAILABLE', async () => {
      fail({ kind: 'answer', status: 503 }, /^PUT/, 2);
      expect(await store.put({ key: 'busy', body: text('busy') })).toMatchObject({ sizeBytes: 4 });
      fail({ kind: 'answer', status: 503 }, /./);
      await expect(store.put({ key: 'busy', body: text('x') })).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.get({ key: 'busy' })).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.head({ key: 'busy' })).rejects.toThrow(/it answered 503/);
      await expect(store.list({ prefix: '', after: null, limit: 1 })).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.delete({ key: 'busy' })).rejects.toMatchObject(UNAVAILABLE);
      proxy.choose = () => PASS;
      expect(await readText('busy')).toBe('busy');
    });

    test('silence ends in bounded time, before an answer and within one', async () => {
      const hasty = await connect({ timeoutMs: 200 });
      await hasty.put({ key: 'slow', body: megabytes(2) });
      fail({ kind: 'truncate', afterBytes: 1000, hang: true }, /^GET/);
      await expect(bytesOf((await hasty.get({ key: 'slow' }))?.body)).rejects.toMatchObject(UNAVAILABLE);
      fail({ kind: 'hang' }, /./);
      const began = performance.now();
      await expect(hasty.head({ key: 'slow' })).rejects.toThrow(/no answer in time/);
      await expect(hasty.put({ key: 'slow', body: text('x') })).rejects.toMatchObject(UNAVAILABLE);
      expect(performance.now() - began).toBeLessThan(8000);
    });

    test('a reader that takes its time is not cut off', async () => {
      const hasty = await connect({ timeoutMs: 200 });
      await hasty.put({ key: 'slow', body: megabytes(6) });
      const found = await hasty.get({ key: 'slow' });
      let count = 0;
      let waited = false;
      for await (const piece of found?.body ?? []) {
        count += piece.length;
        const until = performance.now() + (waited ? 0 : 600);
        while (performance.now() < until) await turn();
        waited = true;
      }
      expect(count).toBe(6 * MEGABYTE);
    });

    test('down, it says so at once; up again, all is as before', async () => {
      await store.put({ key: 'kept', body: text('kept') });
      await proxy.close();
      await expect(store.head({ key: 'kept' })).rejects.toThrow(/no connection \(ECONNREFUSED\)/);
      await expect(connect()).rejects.toMatchObject(UNAVAILABLE);
      proxy = await HttpFaultProxy.start(place.endpoint);
      const again = await connect();
      expect(await again.head({ key: 'kept' })).toMatchObject({ sizeBytes: 4 });
    });
  });

  describe('connect', () => {
    test('a bucket that is not there', async () => {
      const connecting = connect({ bucket: 'no-such-bucket' });
      await expect(connecting).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(connecting).rejects.toThrow(
        `The S3 bucket no-such-bucket does not exist at ${proxy.url}; create it.`,
      );
    });

    test('a wrong secret is not repeated', async () => {
      const wrong = { accessKeyId, secretAccessKey: 'wrong-secret' };
      const error: unknown = await connect({ credentials: wrong }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'UNAVAILABLE' });
      expect(String(error)).toMatch(/access was refused/);
      expect(JSON.stringify([error, logger.lines])).not.toMatch(/wrong-secret/);
      expect(logger.lines).toEqual([]); // the error says it all
    });

    test('an endpoint that is no URL', async () => {
      await expect(connect({ endpoint: 'localhost' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });
  });

  test('closed, what is under way ends', async () => {
    await store.put({ key: 'read', body: megabytes(4) });
    fail({ kind: 'hang' }, /partNumber|^HEAD/);
    const found = await store.get({ key: 'read' });
    const pending = [store.head({ key: 'x' }), store.put({ key: 'y', body: megabytes(20) })];
    const settled = Promise.allSettled(pending);
    while (!proxy.seen.some((line) => line.includes('partNumber'))) await turn();
    await store.close();
    await store.close();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(bytesOf(found?.body)).rejects.toMatchObject(UNAVAILABLE);
    await expect(store.head({ key: 'x' })).rejects.toMatchObject(UNAVAILABLE);
  });

  async function readText(key: string): Promise<string> {
    return Buffer.from(await bytesOf((await store.get({ key }))?.body)).toString();
  }
});

/** Pieces of one MiB, filled with their number; throws before piece `failAt`. */
async function* megabytes(count: number, failAt = -1): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) {
    if (index === failAt) throw new Error('the body broke');
    yield Buffer.alloc(MEGABYTE, index);
  }
}

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}

async function bytesOf(body: AsyncIterable<Uint8Array> = text('')): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}
