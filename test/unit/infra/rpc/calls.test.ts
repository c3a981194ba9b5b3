import { afterEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../core/errors/marid-error.js';
import { connectRpc } from '../../../../infra/rpc/index.js';
import { DescribeTopicResponseSchema, LogService } from '../../../../proto/gen/marid/v1/log_service_pb.js';
import { encodeAhead } from '../../../../proto/rpc/encode-ahead.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { deferred, startHarness, stopHarnesses, TRANSPORTS, untilEnded } from './rpc-harness.js';

afterEach(stopHarnesses);

describe.each(TRANSPORTS)('unary calls %s', (_, start) => {
  test('carry messages both ways, with defaults filled in', async () => {
    let seen = '';
    const { client } = await start({
      describeTopic: async (request) => {
        seen = request.topic;
        return {};
      },
    });
    const answer = await client.describeTopic({ topic: 'a topic' });
    expect(seen).toBe('a topic');
    expect(answer.partitions).toBe(0);
  });

  test('are answered with what was encoded ahead', async () => {
    const answer = encodeAhead(DescribeTopicResponseSchema, { partitions: 3 });
    const { client } = await start({ describeTopic: async () => answer });
    expect(await client.describeTopic({ topic: 't' })).toEqual(answer);
    answer.partitions = 4; // must not, and shows that its bytes were there
    expect(await client.describeTopic({ topic: 't' })).toMatchObject({ partitions: 3 });
  });

  test('fail when an answer that was encoded ahead cannot be written', async () => {
    const answer = encodeAhead(DescribeTopicResponseSchema, { partitions: 2 ** 40 });
    const { client } = await start({ describeTopic: async () => answer });
    await expect(client.describeTopic({ topic: 't' })).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('take a request of 10 MB, and its bytes are plain Uint8Arrays', async () => {
    let bytes: Uint8Array = new Uint8Array();
    const { client } = await start({
      produce: async (request) => {
        bytes = request.records[0]?.value ?? bytes;
        return {};
      },
    });
    const value = new Uint8Array(10_000_000).fill(7);
    await client.produce({ records: [{ topic: 't', value }] });
    expect(Buffer.isBuffer(bytes)).toBe(false);
    expect(Buffer.compare(bytes, value)).toBe(0);
  });

  test('fail with DEADLINE_EXCEEDED when the answer takes too long, and abort the handler', async () => {
    const aborted = deferred<unknown>();
    const { client } = await start({
      produce: async () => ({}),
      describeTopic: (_request, context) => {
        context.signal.addEventListener('abort', () => aborted.resolve(context.signal.reason));
        return untilEnded(context);
      },
    });
    await client.produce({}); // the time is not spent on the connection, so that the handler sees the call
    const call = client.describeTopic({ topic: 't' }, { timeoutMs: 500 });
    await expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(await aborted.promise).toMatchObject({ code: 'CANCELLED' });
  });

  test('end with CANCELLED when the caller gives up, and abort the handler', async () => {
    const started = deferred();
    const aborted = deferred();
    const { client } = await start({
      describeTopic: (_request, context) => {
        context.signal.addEventListener('abort', () => aborted.resolve());
        started.resolve();
        return untilEnded(context);
      },
    });
    const controller = new AbortController();
    const call = client.describeTopic({ topic: 't' }, { signal: controller.signal });
    await started.promise;
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await aborted.promise;
    await expect(client.describeTopic({}, { signal: controller.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('fail with INVALID_ARGUMENT when the request cannot be written', async () => {
    const { client } = await start({ produce: async () => ({}) });
    const call = client.produce({ records: [{ partition: 2 ** 40 }] });
    await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('calls over the wire', () => {
  test('refuse a request above 32 MiB with RESOURCE_EXHAUSTED', async () => {
    const { client } = await startHarness({ produce: async () => ({}) });
    const call = client.produce({ records: [{ topic: 't', value: new Uint8Array(33 * 1024 * 1024) }] });
    await expect(call).rejects.toMatchObject({ name: 'MaridError', code: 'RESOURCE_EXHAUSTED' });
  });

  test('are cut at the server after 60 s, whatever the caller allows', async () => {
    const clock = new FakeClock();
    const started = deferred();
    const { client } = await startHarness(
      {
        describeTopic: (_request, context) => {
          started.resolve();
          return untilEnded(context);
        },
      },
      { clock },
    );
    const call = client.describeTopic({ topic: 't' }, { timeoutMs: 600_000 });
    await started.promise;
    await Promise.all([
      expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', message: expect.stringContaining('60000 ms') }),
      clock.advance(60_000),
    ]);
    expect(clock.pending).toBe(0);
  });
});

describe('an unreachable server', () => {
  test('is UNAVAILABLE at once, with its address', async () => {
    const { server, channel: first } = await startHarness({});
    await first.close();
    await server.stop();
    const channel = connectRpc({ address: server.address });
    const call = channel.client(LogService).describeTopic({ topic: 't' });
    await expect(call).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining(server.address),
    });
    await channel.close();
  });

  test('is reached again after it came back', async () => {
    const { server, client } = await startHarness({ describeTopic: async () => ({ partitions: 1 }) });
    await client.describeTopic({});
    await server.stop();
    await expect(client.describeTopic({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await startHarness({ describeTopic: async () => ({ partitions: 2 }) }, { listen: server.address });
    const answer = await eventually('the server is reached again', async () =>
      client.describeTopic({}).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'UNAVAILABLE' });
        return null;
      }),
    );
    expect(answer.partitions).toBe(2);
  });
});

describe.each(TRANSPORTS)('streaming calls %s', (_, start) => {
  test('deliver every message in order, then an error that comes after them', async () => {
    const { client } = await start({
      subscribe: async function* () {
        for (let count = 0; count < 100; count += 1) {
          yield { event: { case: 'subscriptionId', value: String(count) } };
        }
        throw new MaridError('NOT_FOUND', 'no more');
      },
    });
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const message of client.subscribe({})) seen.push(message.event.value);
    };
    await expect(read()).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'no more' });
    expect(seen).toEqual(Array.from({ length: 100 }, (__, index) => String(index)));
  });

  test('release the handler when the reader leaves in the middle', async () => {
    const released = deferred();
    let aborted = false;
    const { client } = await start({
      subscribe: async function* (_request, context) {
        context.signal.addEventListener('abort', () => {
          aborted = true;
        });
        try {
          for (;;) yield { event: { case: 'subscriptionId', value: 'x' } };
        } finally {
          released.resolve();
        }
      },
    });
    for await (const message of client.subscribe({})) {
      expect(message.event.value).toBe('x');
      break;
    }
    await released.promise;
    expect(aborted).toBe(true);
  });

  test('release a handler that waits, when the reader cancels while it waits', async () => {
    const waiting = deferred();
    const returned = deferred();
    const { client } = await start({
      subscribe: (_request, context) => ({
        [Symbol.asyncIterator]: () => ({
          next: () => {
            waiting.resolve();
            return untilEnded(context);
          },
          return: async () => {
            returned.resolve();
            return { done: true, value: undefined };
          },
        }),
      }),
    });
    const iterator = client.subscribe({})[Symbol.asyncIterator]();
    const pending = iterator.next();
    await waiting.promise;
    await iterator.return?.();
    expect(await pending).toMatchObject({ done: true });
    await returned.promise;
  });

  test('hold the handler back while the reader does not read', async () => {
    let sent = 0;
    const records = [{ topic: 't', value: new Uint8Array(64 * 1024) }];
    const { client } = await start({
      subscribe: async function* () {
        for (; sent < 300; sent += 1) yield { event: { case: 'batch', value: { records } } };
      },
    });
    const iterator = client.subscribe({})[Symbol.asyncIterator]();
    await iterator.next();
    let before = -1;
    let still = 0;
    await eventually('the handler stands still', () => {
      still = sent === before ? still + 1 : 0;
      before = sent;
      return still === 10;
    });
    expect(sent).toBeLessThan(150);
    let received = 1;
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) received += 1;
    expect(received).toBe(300);
  });

  test('end with DEADLINE_EXCEEDED only when the caller sets a time', async () => {
    const { client } = await start({
      subscribe: async function* (_request, context) {
        yield { event: { case: 'subscriptionId', value: 'x' } };
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      },
    });
    const read = async (): Promise<void> => {
      for await (const message of client.subscribe({}, { timeoutMs: 150 })) expect(message.event.value).toBe('x');
    };
    await expect(read()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});

describe.each(TRANSPORTS)('closing a channel %s', (_, start) => {
  test('ends calls under way and refuses later ones', async () => {
    const started = deferred();
    const { client, channel } = await start({
      describeTopic: (_request, context) => {
        started.resolve();
        return untilEnded(context);
      },
    });
    const call = client.describeTopic({});
    await started.promise;
    await Promise.all([expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' }), channel.close()]);
    await expect(client.describeTopic({})).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false });
    await channel.close();
  });
});
