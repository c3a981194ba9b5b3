import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, test } from '@jest/globals';
import { bindService, PortChannel } from '../../../../infra/rpc/index.js';
import { BlobService } from '../../../../proto/gen/marid/v1/blob_service_pb.js';
import { LogService } from '../../../../proto/gen/marid/v1/log_service_pb.js';
import { deferred, makeHandlers, openPort, startPort, stopHarnesses, untilEnded } from './rpc-harness.js';

afterEach(stopHarnesses);

const numbered = (count: number) => ({ event: { case: 'subscriptionId' as const, value: String(count) } });

describe('calls over a port', () => {
  test('are answered each by its own answer, in whatever order these come', async () => {
    const slow = deferred();
    const { client } = await startPort({
      describeTopic: async ({ topic }) => {
        if (topic === '1') await slow.promise;
        return { partitions: Number(topic) };
      },
    });
    const first = client.describeTopic({ topic: '1' });
    expect((await client.describeTopic({ topic: '2' })).partitions).toBe(2);
    slow.resolve();
    expect((await first).partitions).toBe(1);
  });

  test('are UNSUPPORTED for a service that is not served', async () => {
    const { channel } = openPort(bindService(LogService, makeHandlers()));
    await expect(channel.client(BlobService).headBlob({})).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  test('send the bytes of their messages and nothing that lies around them', async () => {
    const { port1, port2 } = new MessageChannel();
    const channel = new PortChannel(port2);
    const frames = once(port1, 'message');
    const value = new Uint8Array(1_000_000).subarray(0, 3);
    const call = channel.client(LogService).produce({ records: [{ topic: 't', value }] });
    const [{ request }] = (await frames) as [{ readonly request: Uint8Array }];
    expect(request.buffer.byteLength).toBe(request.byteLength);
    expect(request.byteLength).toBeLessThan(100);
    await Promise.all([expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' }), channel.close()]);
  });

  test('tell of parts of their answer before it comes, and of none when they are over', async () => {
    const told: number[] = [];
    const sent = deferred<(part: { readonly partitions: number }) => void>();
    const go = deferred();
    const { client } = await startPort({
      describeTopic: async ({ topic }, { sendEarly }) => {
        if (topic === 'other') return {};
        sendEarly?.({ partitions: 1 });
        if (sendEarly !== undefined) sent.resolve(sendEarly);
        await go.promise;
        return { partitions: 3 };
      },
    });
    const call = client.describeTopic({}, { onEarly: ({ partitions }) => told.push(partitions) });
    const send = await sent.promise;
    send({ partitions: 2 });
    await client.describeTopic({ topic: 'other' });
    expect(told).toEqual([1, 2]);
    go.resolve();
    expect((await call).partitions).toBe(3);
    send({ partitions: 4 });
    await client.describeTopic({ topic: 'other' });
    expect(told).toEqual([1, 2]);
  });

  test('have at most the message under way that their reader asked for', async () => {
    let made = 0;
    const { client } = await startPort({
      subscribe: async function* () {
        for (; made < 100;) yield numbered((made += 1));
      },
      describeTopic: async () => ({ partitions: made }),
    });
    let read = 0;
    for await (const { event } of client.subscribe({})) {
      expect(event.value).toBe(String((read += 1)));
      expect((await client.describeTopic({})).partitions).toBe(read);
    }
    expect(read).toBe(100);
  });

  test('answer several steps that wait, in order, and end them all when their reader leaves', async () => {
    const { client } = await startPort({
      subscribe: async function* (_request, context) {
        yield numbered(1);
        yield numbered(2);
        await untilEnded(context);
      },
    });
    const stream = client.subscribe({})[Symbol.asyncIterator]();
    const [first, second, ...rest] = [stream.next(), stream.next(), stream.next(), stream.next()];
    expect([await first, await second]).toMatchObject([{ value: numbered(1) }, { value: numbered(2) }]);
    await stream.return?.();
    expect(await Promise.all(rest)).toMatchObject([{ done: true }, { done: true }]);
  });

  test('do not begin when their reader leaves before the first step', async () => {
    let called = false;
    const { client } = await startPort({
      subscribe: async function* () {
        called = true;
        yield numbered(1);
      },
      describeTopic: async () => ({}),
    });
    const stream = client.subscribe({})[Symbol.asyncIterator]();
    await stream.return?.();
    expect(await stream.next()).toMatchObject({ done: true });
    await client.describeTopic({});
    expect(called).toBe(false);
  });

  test('tell a reader that was not waiting of the cancel, once', async () => {
    const { client } = await startPort({
      subscribe: async function* () {
        for (let count = 0; ; count += 1) yield numbered(count);
      },
    });
    const giveUp = new AbortController();
    const stream = client.subscribe({}, { signal: giveUp.signal })[Symbol.asyncIterator]();
    await stream.next();
    giveUp.abort();
    await expect(stream.next()).rejects.toMatchObject({ code: 'CANCELLED', message: 'The call was cancelled.' });
    expect(await stream.next()).toMatchObject({ done: true });
  });
});

describe('the end of a port', () => {
  const waiting = async () => {
    const begun = deferred();
    const ended = deferred<unknown>();
    const started = await startPort({
      describeTopic: (_request, context) => {
        begun.resolve();
        context.signal.addEventListener('abort', () => ended.resolve(context.signal.reason));
        return untilEnded(context);
      },
    });
    const call = started.client.describeTopic({});
    call.catch(() => undefined);
    await begun.promise;
    return { ...started, call, ended: ended.promise };
  };

  test('by the client cancels the handlers', async () => {
    const { channel, call, ended } = await waiting();
    await channel.close();
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false });
    expect(await ended).toMatchObject({ code: 'CANCELLED' });
  });

  test('by the server ends calls, which may be made again, and refuses later ones', async () => {
    const { server, client, call, ended } = await waiting();
    server.close();
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('is stopping') });
    expect(await ended).toMatchObject({ code: 'UNAVAILABLE' });
    await expect(client.describeTopic({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

test('an upload over a port is asked for a piece only when its handler reads', async () => {
  let sent = 0;
  const go = deferred();
  const first = deferred();
  const { channel } = openPort(
    bindService(BlobService, {
      putBlob: async (requests: AsyncIterable<unknown>) => {
        for await (const request of requests) {
          if (request !== null) first.resolve();
          await go.promise;
        }
        return { blob: { sizeBytes: BigInt(sent) } };
      },
      headBlob: async () => ({ blob: { sizeBytes: BigInt(sent) } }),
      listBlobs: async () => ({}),
      deleteBlob: async () => ({}),
      getBlob: async function* () {
        yield {};
      },
    }),
  );
  const client = channel.client(BlobService);
  const pieces = async function* () {
    for (; sent < 50;) {
      sent += 1;
      yield { part: { case: 'data' as const, value: new Uint8Array(10) } };
    }
  };
  const call = client.putBlob(pieces());
  await first.promise;
  expect((await client.headBlob({})).blob?.sizeBytes).toBe(1n);
  go.resolve();
  expect((await call).blob?.sizeBytes).toBe(50n);
});
