import { afterEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../core/errors/marid-error.js';
import { bindService, connectRpc, RpcServer } from '../../../../infra/rpc/index.js';
import { SystemClock } from '../../../../infra/runtime/system-clock.js';
import { BlobService } from '../../../../proto/gen/marid/v1/blob_service_pb.js';
import type { ServiceClient, ServiceHandlers } from '../../../../proto/rpc/service.js';
import { eventually } from '../../../support/eventually.js';
import { QuietLogger } from '../../../support/quiet-logger.js';
import { deferred, openPort, stopHarnesses, untilEnded } from './rpc-harness.js';

type PutBlob = ServiceHandlers<typeof BlobService>['putBlob'];
type Client = ServiceClient<typeof BlobService>;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await stopHarnesses();
  for (const close of closers.splice(0)) await close();
});

function handlers(putBlob: PutBlob): ServiceHandlers<typeof BlobService> {
  const refuse = () => Promise.reject(new MaridError('UNSUPPORTED', 'not part of this test'));
  return {
    ...{ putBlob, headBlob: refuse, listBlobs: refuse, deleteBlob: refuse },
    // eslint-disable-next-line require-yield -- it refuses
    getBlob: async function* () {
      await refuse();
    },
  };
}

async function overTheWire(putBlob: PutBlob): Promise<Client> {
  const services = [bindService(BlobService, handlers(putBlob))];
  const options = { listen: '127.0.0.1:0', services, logger: new QuietLogger(), clock: new SystemClock() };
  const server = await RpcServer.start(options);
  const channel = connectRpc({ address: server.address });
  closers.push(
    () => channel.close(),
    () => server.stop({ graceMs: 100 }),
  );
  return channel.client(BlobService);
}

const transports: readonly (readonly [string, (putBlob: PutBlob) => Promise<Client>])[] = [
  ['over the wire', overTheWire],
  ['over a port', async (putBlob) => openPort(bindService(BlobService, handlers(putBlob))).channel.client(BlobService)],
];

const piece = (bytes: number) => ({ part: { case: 'data' as const, value: new Uint8Array(bytes) } });

async function* pieces(count: number, bytes = 1000) {
  for (let each = 0; each < count; each += 1) yield piece(bytes);
}

/** Counts the bytes that arrive. */
const counting: PutBlob = async (requests) => {
  let bytes = 0;
  for await (const { part } of requests) bytes += part.case === 'data' ? part.value.length : 0;
  return { blob: { key: 'k', sizeBytes: BigInt(bytes) } };
};

describe.each(transports)('an upload %s', (_, open) => {
  test('carries every message, in order, and one answer', async () => {
    const client = await open(counting);
    expect((await client.putBlob(pieces(300, 10_000))).blob?.sizeBytes).toBe(3_000_000n);
    expect((await client.putBlob(pieces(0))).blob?.sizeBytes).toBe(0n);
  });

  test('fails with what the handler throws, also before the last message', async () => {
    let sent = 0;
    const client = await open(async (requests) => {
      for await (const request of requests) if (request.part.case === 'data') break;
      throw new MaridError('RESOURCE_EXHAUSTED', 'enough');
    });
    const endless = async function* () {
      for (; sent < 100_000; sent += 1) yield piece(10_000);
    };
    await expect(client.putBlob(endless())).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', message: 'enough' });
    expect(sent).toBeLessThan(100_000);
  });

  test('may be answered before the last message', async () => {
    const client = await open(async (requests) => {
      await requests[Symbol.asyncIterator]().next();
      return { blob: { key: 'early' } };
    });
    expect((await client.putBlob(pieces(50))).blob?.key).toBe('early');
  });

  test('fails with what its messages throw, whatever the handler makes of it', async () => {
    const begun = deferred();
    const client = await open(async (requests) => {
      try {
        for await (const { part } of requests) if (part.case === 'data') begun.resolve();
      } catch {
        // It answers all the same.
      }
      return {};
    });
    const broken = async function* () {
      yield piece(10);
      await begun.promise;
      throw new Error('the disk is gone');
    };
    await expect(client.putBlob(broken())).rejects.toThrow('the disk is gone');
  });

  test('ends when its caller gives up', async () => {
    const ended = deferred();
    const begun = deferred();
    const client = await open(async (_requests, context) => {
      begun.resolve();
      return untilEnded(context).finally(() => ended.resolve());
    });
    const giveUp = new AbortController();
    const call = client.putBlob(pieces(1), { signal: giveUp.signal });
    await begun.promise;
    giveUp.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await ended.promise;
  });
});

test('an upload over the wire is held back by a slow handler', async () => {
  const go = deferred();
  let sent = 0;
  const client = await overTheWire(async (requests, context) => {
    await go.promise;
    return counting(requests, context);
  });
  const counted = async function* () {
    for (; sent < 400; sent += 1) yield piece(100_000);
  };
  const call = client.putBlob(counted());
  let before = -1;
  await eventually('the sender waits', () => {
    const waits = sent === before && sent > 0;
    before = sent;
    return waits;
  });
  expect(sent).toBeLessThan(400);
  go.resolve();
  expect((await call).blob?.sizeBytes).toBe(40_000_000n);
});
