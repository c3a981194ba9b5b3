import { describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../core/errors/marid-error.js';
import { createInProcessClient } from '../../../../infra/rpc/index.js';
import { LogService } from '../../../../proto/gen/marid/v1/log_service_pb.js';
import { deferred, makeHandlers, type LogHandlers } from './rpc-harness.js';

function clientOf(overrides: Partial<LogHandlers>) {
  return createInProcessClient(LogService, makeHandlers(overrides));
}

describe('createInProcessClient', () => {
  test('fills defaults of requests and answers', async () => {
    const client = clientOf({
      produce: async (request) => {
        expect(request.records[0]).toMatchObject({ key: '', partition: 0, headers: [] });
        return {};
      },
      describeTopic: async () => ({}),
    });
    await client.produce({ records: [{ topic: 't' }] });
    expect((await client.describeTopic({})).partitions).toBe(0);
  });

  test('streams, and releases the handler when the reader leaves', async () => {
    const released = deferred();
    let aborted = false;
    const client = clientOf({
      subscribe: async function* (_request, context) {
        context.signal.addEventListener('abort', () => {
          aborted = true;
        });
        try {
          for (let count = 0; ; count += 1) yield { event: { case: 'subscriptionId', value: String(count) } };
        } finally {
          released.resolve();
        }
      },
    });
    const seen: unknown[] = [];
    for await (const message of client.subscribe({})) {
      seen.push(message.event.value);
      if (seen.length === 3) break;
    }
    await released.promise;
    expect(seen).toEqual(['0', '1', '2']);
    expect(aborted).toBe(true);
  });

  test('fails as a remote client does', async () => {
    const client = clientOf({
      describeTopic: async () => {
        throw new MaridError('NOT_FOUND', 'no\u0000pe', { facts: { topic: 't' } });
      },
      steer: async () => {
        throw new TypeError('secret');
      },
      subscribe: async function* () {
        yield { event: { case: 'subscriptionId', value: 'x' } };
        throw new MaridError('UNAVAILABLE', 'broken');
      },
    });
    await expect(client.describeTopic({})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'no\\u0000pe',
      facts: { topic: 't' },
    });
    await expect(client.steer({})).rejects.toMatchObject({ code: 'INTERNAL', message: 'internal error' });
    const read = async (): Promise<void> => {
      for await (const message of client.subscribe({})) expect(message.event.value).toBe('x');
    };
    await expect(read()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('cancels by signal and by time, and aborts the handler', async () => {
    const reasons: unknown[] = [];
    const client = clientOf({
      describeTopic: (_request, context) => {
        context.signal.addEventListener('abort', () => reasons.push(context.signal.reason));
        return new Promise(() => undefined);
      },
    });
    const controller = new AbortController();
    const call = client.describeTopic({}, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(client.describeTopic({}, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(reasons).toMatchObject([{ code: 'CANCELLED' }, { code: 'DEADLINE_EXCEEDED' }]);
  });
});
