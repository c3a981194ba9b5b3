import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { RpcServer } from '../../../../infra/rpc/index.js';
import { SystemClock } from '../../../../infra/runtime/system-clock.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { QuietLogger } from '../../../support/quiet-logger.js';
import { deferred, startHarness, stopHarnesses } from './rpc-harness.js';

afterEach(stopHarnesses);

function start(listen: string): Promise<RpcServer> {
  return RpcServer.start({ listen, services: [], logger: new QuietLogger(), clock: new SystemClock() });
}

describe('RpcServer.start', () => {
  test('says which address is busy and what to do', async () => {
    const { server } = await startHarness({});
    await expect(start(server.address)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `Cannot listen on ${server.address}: another process listens there. Stop it, or configure another address (listen).`,
    });
  });

  test.each(['7070', 'localhost', '127.0.0.1:99999', 'unix:/tmp/x', ':7070'])('refuses %s', async (listen) => {
    await expect(start(listen)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('binds nothing but what it is told', async () => {
    const { server } = await startHarness({});
    const port = Number(server.address.split(':')[1]);
    const other = createServer();
    await new Promise<void>((resolve, reject) => {
      other.once('error', reject);
      other.listen(port, '127.0.0.2', resolve);
    });
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('RpcServer.stop', () => {
  test('lets unary calls finish and refuses new ones', async () => {
    const started = deferred();
    const finish = deferred();
    const { server, client } = await startHarness({
      describeTopic: async () => {
        started.resolve();
        await finish.promise;
        return { partitions: 3 };
      },
    });
    const call = client.describeTopic({});
    await started.promise;
    const stopped = server.stop();
    expect(server.stop()).toBe(stopped);
    finish.resolve();
    expect((await call).partitions).toBe(3);
    await stopped;
    await expect(client.describeTopic({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('ends streams with UNAVAILABLE, also those whose handler then returns as if all were told', async () => {
    const { server, client } = await startHarness({
      subscribe: async function* (_request, context) {
        yield { event: { case: 'subscriptionId', value: 'x' } };
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      },
    });
    const iterator = client.subscribe({})[Symbol.asyncIterator]();
    await iterator.next();
    const rest = iterator.next();
    await Promise.all([
      expect(rest).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('stopping') }),
      server.stop(),
    ]);
  });

  test('cuts calls that outlive the grace', async () => {
    const clock = new FakeClock();
    const started = deferred();
    const aborted = deferred();
    const { server, client } = await startHarness(
      {
        describeTopic: (_request, context) => {
          context.signal.addEventListener('abort', () => aborted.resolve());
          started.resolve();
          return new Promise(() => undefined);
        },
      },
      { clock },
    );
    const call = client.describeTopic({});
    await started.promise;
    const stopped = server.stop({ graceMs: 5_000 });
    await Promise.all([
      expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' }),
      clock.advance(5_000),
      aborted.promise,
      stopped,
    ]);
  });
});
