import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FetchRequest } from '../../../../core/ports/fetcher.js';
import { AddressPolicy } from '../../../../infra/fetch/http/address-policy.js';
import { HttpFetcher } from '../../../../infra/fetch/http/http-fetcher.js';
import { SystemClock } from '../../../../infra/runtime/system-clock.js';
import { breakAfter, FileServer } from '../../../support/file-server.js';

const BODY = Buffer.from('0123456789');
let server: FileServer;
let done = new AbortController();
const fetchers: HttpFetcher[] = [];

beforeEach(async () => {
  server = await FileServer.start();
  server.files.set('/a', { body: BODY, etag: '"1"' });
  done = new AbortController();
});
afterEach(async () => {
  done.abort();
  for (const each of fetchers.splice(0)) await each.close();
  await server.close();
});

function open(request: Partial<FetchRequest> = {}, allow = ['127.0.0.1'], options: object = {}) {
  const fetcher = new HttpFetcher({
    ...{ policy: new AddressPolicy(allow), proxy: null, noProxy: [], connectMs: 5_000, idleMs: 5_000 },
    ...{ clock: new SystemClock(), ...options },
  });
  fetchers.push(fetcher);
  return fetcher.open({ uri: `${server.url}/a`, held: null, resume: null, signal: done.signal, ...request });
}

async function textOf(opened: { readonly body: AsyncIterable<Uint8Array> } | null): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of opened?.body ?? []) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe('HttpFetcher', () => {
  test('reads a file with its size and ETag, and asks for it only if that has changed', async () => {
    const opened = await open();
    expect(opened).toMatchObject({ version: 'etag:"1"', sizeBytes: 10, offset: 0 });
    expect(await textOf(opened)).toBe('0123456789');
    expect(await open({ held: 'etag:"1"' })).toBeNull();
    server.files.set('/a', { body: BODY, etag: '"2"' });
    expect((await open({ held: 'etag:"1"' }))?.version).toBe('etag:"2"');
  });

  test('takes the time of change for the version where there is no ETag, and none where there is neither', async () => {
    const lastModified = 'Wed, 21 Oct 2026 07:28:00 GMT';
    server.files.set('/a', { body: BODY, lastModified });
    expect((await open())?.version).toBe(`modified:${lastModified}`);
    expect(await open({ held: `modified:${lastModified}` })).toBeNull();
    server.files.set('/a', { body: BODY, chunked: true });
    expect(await open()).toMatchObject({ version: null, sizeBytes: null });
  });

  test('goes on behind what has come, but only in the same version', async () => {
    const again = await open({ resume: { version: 'etag:"1"', offset: 4 } });
    expect(again).toMatchObject({ offset: 4, sizeBytes: 10 });
    expect(await textOf(again)).toBe('456789');
    expect(await open({ resume: { version: 'etag:"0"', offset: 4 } })).toMatchObject({ offset: 0 });
  });

  test.each([
    [404, false],
    [403, false],
    [410, false],
    [429, true],
    [500, true],
    [503, true],
  ])('status %s is a failure of the infrastructure: %s', async (status, infrastructure) => {
    server.misbehave = (_, answer) => answer.writeHead(status).end() !== null;
    await expect(open()).rejects.toMatchObject({ infrastructure, message: expect.stringContaining(`${server.url}/a`) });
  });

  test('a connection that is refused, a silent server and a broken body are failures of the infrastructure', async () => {
    const closed = await FileServer.start();
    await closed.close();
    await expect(open({ uri: `${closed.url}/a` })).rejects.toMatchObject({ infrastructure: true });
    server.misbehave = () => true;
    await expect(open({}, ['127.0.0.1'], { idleMs: 50 })).rejects.toMatchObject({ infrastructure: true });
    server.misbehave = (_, answer, file) =>
      file !== null && breakAfter(answer, file, { bytes: 4, arrived: () => true });
    await expect(open().then(textOf)).rejects.toMatchObject({ infrastructure: true });
    server.misbehave = (_, answer) => answer.writeHead(200, { 'content-length': 10 }).write('0');
    await expect(open({}, ['127.0.0.1'], { idleMs: 50 }).then(textOf)).rejects.toMatchObject({ infrastructure: true });
  });

  test.each([
    ['an address', (port: string) => `http://127.0.0.1:${port}/a`],
    ['a name', (port: string) => `http://localhost:${port}/a`],
    ['a number', (port: string) => `http://2130706433:${port}/a`],
    ['hexadecimal', (port: string) => `http://0x7f.1:${port}/a`],
    ['IPv6', (port: string) => `http://[::ffff:127.0.0.1]:${port}/a`],
    ['the unspecified address', (port: string) => `http://0.0.0.0:${port}/a`],
    ['the metadata of a cloud', () => 'http://169.254.169.254/latest/meta-data/'],
  ])('a private server is not reached by %s', async (_, uri) => {
    const { port } = new URL(server.url);
    await expect(open({ uri: uri(port) }, [])).rejects.toMatchObject({
      reason: 'ADDRESS_REFUSED',
      infrastructure: false,
    });
    expect(server.seen).toEqual([]);
  });

  test('a private server is not reached by a redirect', async () => {
    const location = server.url.replace('127.0.0.1', '127.0.0.2');
    server.misbehave = (_, answer) => answer.writeHead(302, { location: `${location}/b` }).end() !== null;
    await expect(open()).rejects.toMatchObject({ reason: 'ADDRESS_REFUSED' });
    expect(server.seen).toEqual(['/a odd']);
  });

  test('redirects are followed, five of them, and only to HTTP', async () => {
    let left = 5;
    server.misbehave = (_, answer) => {
      left -= 1;
      return left >= 0 && answer.writeHead(307, { location: '/a' }).end() !== null;
    };
    expect(await textOf(await open())).toBe('0123456789');
    left = Infinity;
    await expect(open()).rejects.toMatchObject({
      infrastructure: false,
      message: expect.stringContaining('redirected'),
    });
    server.misbehave = (_, answer) => answer.writeHead(302, { location: 'file:///etc/passwd' }).end() !== null;
    await expect(open()).rejects.toMatchObject({ infrastructure: false });
  });

  test('credentials of the URI go to its server alone, and into no message', async () => {
    const other = await FileServer.start();
    server.misbehave = (_, answer) => answer.writeHead(302, { location: `${other.url}/a` }).end() !== null;
    const uri = `${server.url.replace('//', '//ann:canary@')}/a`;
    const error: unknown = await open({ uri }).catch((caught: unknown) => caught);
    expect(String(error)).toContain('ann:***@');
    expect(String(error)).not.toContain('canary');
    expect(server.headers[0]?.authorization).toBe(`Basic ${Buffer.from('ann:canary').toString('base64')}`);
    expect(other.headers[0]?.authorization).toBeUndefined();
    await other.close();
  });

  test('a configured proxy is used for both schemes, and not for what is excepted', async () => {
    const proxy = await startProxy();
    const options = { proxy: `http://me:pw@127.0.0.1:${proxy.port}`, noProxy: ['127.0.0.1'] };
    expect(await textOf(await open({}, ['127.0.0.1'], options))).toBe('0123456789');
    expect(proxy.seen).toEqual([]);
    await expect(open({ uri: 'http://example.org/x' }, [], options)).rejects.toMatchObject({ infrastructure: true });
    await expect(open({ uri: 'https://example.org/x' }, [], options)).rejects.toMatchObject({ infrastructure: true });
    expect(proxy.seen).toEqual(['GET http://example.org/x Basic bWU6cHc=', 'CONNECT example.org:443 Basic bWU6cHc=']);
    await expect(open({ uri: 'http://10.0.0.1/x' }, [], options)).rejects.toMatchObject({ reason: 'ADDRESS_REFUSED' });
    await proxy.close();
  });
});

/** A proxy that answers 502. */
async function startProxy() {
  const seen: string[] = [];
  const proxy: Server = createServer(({ method, url, headers }, answer) => {
    seen.push(`${method} ${url} ${headers['proxy-authorization']}`);
    answer.writeHead(502).end();
  });
  proxy.on('connect', ({ method, url, headers }, socket) => {
    seen.push(`${method} ${url} ${headers['proxy-authorization']}`);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  return { port, seen, close: () => new Promise((resolve) => proxy.close(resolve)) };
}
