import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inOrder } from '../../../../core/loops/in-order.js';
import { deferred } from '../../infra/rpc/rpc-harness.js';

async function* upTo(count: number): AsyncGenerator<number> {
  for (let each = 0; each < count; each += 1) yield each;
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const seen: T[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}

describe('inOrder', () => {
  test('gives every result in the order of the items, however long each takes, with at most so many at work', async () => {
    const turns = fc.array(fc.nat(5), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(turns, fc.integer({ min: 1, max: 8 }), async (waits, atOnce) => {
        let working = 0;
        let most = 0;
        const work = async (index: number): Promise<number> => {
          most = Math.max(most, (working += 1));
          for (let turn = 0; turn < (waits[index] ?? 0); turn += 1) await Promise.resolve();
          working -= 1;
          return index;
        };
        expect(await all(inOrder(upTo(waits.length), atOnce, work))).toEqual(waits.map((_, index) => index));
        expect(most).toBeLessThanOrEqual(atOnce);
      }),
    );
  });

  test('works on the items behind one that takes long, and reads no more than it may', async () => {
    const slow = deferred();
    const begun: number[] = [];
    const results = inOrder(upTo(100), 3, async (index) => {
      begun.push(index);
      if (index === 0) await slow.promise;
      return index;
    });
    const first = results.next();
    while (begun.length < 3) await Promise.resolve();
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    expect(begun).toEqual([0, 1, 2]);
    slow.resolve();
    expect(await first).toEqual({ done: false, value: 0 });
    await results.return();
  });

  test('throws what the work or the items throw, behind the results before', async () => {
    const seen: number[] = [];
    const work = async (index: number): Promise<number> => {
      if (index === 2) throw new Error('the work failed');
      return index;
    };
    const taking = async (results: AsyncIterable<number>): Promise<void> => {
      for await (const result of results) seen.push(result);
    };
    await expect(taking(inOrder(upTo(5), 4, work))).rejects.toThrow('the work failed');
    const broken = async function* (): AsyncGenerator<number> {
      yield 7;
      throw new Error('the items failed');
    };
    await expect(taking(inOrder(broken(), 4, work))).rejects.toThrow('the items failed');
    expect(seen).toEqual([0, 1, 7]);
  });
});
