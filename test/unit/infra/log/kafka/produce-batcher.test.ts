import { describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import type { LogRecord } from '../../../../../core/ports/topic-log.js';
import { ProduceBatcher } from '../../../../../infra/log/kafka/produce-batcher.js';
import { FakeClock, turn } from '../../../../support/fake-clock.js';

interface Request {
  readonly records: readonly LogRecord[];
  readonly end: (error?: Error) => Promise<void>;
}

function record(partition: number, key: string, bytes = 1): LogRecord {
  return { topic: 't', partition, key, value: new Uint8Array(bytes), headers: {} };
}

function setUp(): { batcher: ProduceBatcher; clock: FakeClock; requests: Request[]; keys: () => string[][] } {
  const requests: Request[] = [];
  const clock = new FakeClock();
  const batcher = new ProduceBatcher({
    clock,
    timeoutMs: 10_000,
    send: (records) =>
      new Promise((resolve, reject) => {
        const end = async (error?: Error): Promise<void> => {
          if (error === undefined) resolve();
          else reject(error);
          await turn();
        };
        requests.push({ records, end });
      }),
  });
  const keys = (): string[][] => requests.map((each) => each.records.map(({ key }) => key));
  return { batcher, clock, requests, keys };
}

describe('ProduceBatcher', () => {
  test('a lone call goes at once, without a timer, and calls of the same turn share its request', async () => {
    const { batcher, requests, keys } = setUp();
    const calls = [batcher.add([record(0, 'a')]), batcher.add([record(1, 'b')])];
    await Promise.resolve();
    await Promise.resolve();
    expect(keys()).toEqual([['a', 'b']]);
    await requests[0]?.end();
    await Promise.all(calls);
    await batcher.idle();
  });

  test('while a request is in flight, calls wait for at most 10 ms and then share one', async () => {
    const { batcher, clock, keys } = setUp();
    void batcher.add([record(0, 'a')]);
    await turn();
    void batcher.add([record(1, 'b')]);
    await clock.advance(9);
    void batcher.add([record(2, 'c')]);
    expect(keys()).toEqual([['a']]);
    await clock.advance(1);
    expect(keys()).toEqual([['a'], ['b', 'c']]);
  });

  test('the end of a request sends what waits, before its time', async () => {
    const { batcher, requests, keys } = setUp();
    void batcher.add([record(0, 'a')]);
    await turn();
    void batcher.add([record(0, 'b')]);
    await requests[0]?.end();
    expect(keys()).toEqual([['a'], ['b']]);
  });

  test('a partition is in one request at a time, so that its order is kept', async () => {
    const { batcher, clock, requests, keys } = setUp();
    void batcher.add([record(0, 'a')]);
    await turn();
    void batcher.add([record(0, 'b'), record(1, 'x')]);
    await clock.advance(10);
    expect(keys()).toEqual([['a'], ['x']]);
    await requests[1]?.end();
    expect(keys()).toHaveLength(2);
    await requests[0]?.end();
    expect(keys()[2]).toEqual(['b']);
  });

  test('no request has more than 500 records, and what is full does not wait', async () => {
    const { batcher, requests } = setUp();
    const call = batcher.add(Array.from({ length: 1200 }, (_, index) => record(index % 4, String(index))));
    for (let sent = 0; sent < 3; sent += 1) {
      await turn();
      await requests[sent]?.end();
    }
    await call;
    expect(requests.map((each) => each.records.length)).toEqual([500, 500, 200]);
    expect(requests.flatMap((each) => each.records.map(({ key }) => Number(key)))).toEqual(
      Array.from({ length: 1200 }, (_, index) => index),
    );
  });

  test('no request has more than 512 KiB, but for a record that is larger alone', async () => {
    const { batcher, requests, keys } = setUp();
    const sizes = { a: 400_000, b: 200_000, c: 900_000, d: 1 };
    const call = batcher.add(Object.entries(sizes).map(([key, bytes]) => record(0, key, bytes)));
    for (let sent = 0; sent < 4; sent += 1) {
      await turn();
      await requests[sent]?.end();
    }
    await call;
    expect(keys()).toEqual([['a'], ['b'], ['c'], ['d']]);
  });

  test('a call is over after its time, and what was not sent of it never is', async () => {
    const { batcher, clock, requests, keys } = setUp();
    void batcher.add([record(0, 'a')]).catch(() => undefined);
    await turn();
    const late = expect(batcher.add([record(0, 'b')])).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await clock.advance(10_000);
    await late;
    await requests[0]?.end();
    expect(keys()).toEqual([['a']]);
    await batcher.idle();
    expect(clock.pending).toBe(0);
  });

  test('a refusal hits the call that it is about and no other', async () => {
    const { batcher, requests, keys } = setUp();
    const good = batcher.add([record(0, 'good')]);
    const bad = expect(batcher.add([record(9, 'bad')])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await turn();
    await requests[0]?.end(new MaridError('NOT_FOUND', 'no such partition'));
    await requests[1]?.end();
    await requests[2]?.end(new MaridError('NOT_FOUND', 'no such partition'));
    await Promise.all([good, bad]);
    expect(keys()).toEqual([['good', 'bad'], ['good'], ['bad']]);
  });

  test('an unknown outcome rejects all that shared the request', async () => {
    const { batcher, requests } = setUp();
    const calls = [batcher.add([record(0, 'a')]), batcher.add([record(1, 'b')])];
    const rejected = calls.map((call) => expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' }));
    await turn();
    await requests[0]?.end(new MaridError('UNAVAILABLE', 'gone'));
    await Promise.all(rejected);
    expect(requests).toHaveLength(1);
  });
});
