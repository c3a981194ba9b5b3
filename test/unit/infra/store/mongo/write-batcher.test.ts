/** How writes gather: nothing waits when little is under way, and batches grow when much is. */
import { describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import { WriteBatcher, type WriteOutcome } from '../../../../../infra/store/mongo/write-batcher.js';
import { FakeClock, turn, until } from '../../../../support/fake-clock.js';

const LIMIT_MS = 9000;

/** A batcher whose batches wait until the test answers them. */
class Bench {
  readonly clock = new FakeClock();
  readonly batches: { readonly writes: readonly number[]; answer(outcomes?: readonly WriteOutcome[]): void }[] = [];
  readonly batcher = new WriteBatcher<number>({
    send: (writes) =>
      new Promise((resolve) => {
        this.batches.push({ writes, answer: (outcomes = writes.map(() => true)) => resolve(outcomes) });
      }),
    sizeOf: (write) => write,
    limitMs: LIMIT_MS,
    lateError: (sent) => new MaridError(sent ? 'DEADLINE_EXCEEDED' : 'UNAVAILABLE', 'late'),
    clock: this.clock,
  });

  add(count: number, size = 1): Promise<boolean>[] {
    return Array.from({ length: count }, () => this.batcher.add(size));
  }
}

describe('WriteBatcher', () => {
  test('writes of one turn go together, at once', async () => {
    const bench = new Bench();
    const results = bench.add(30);
    await until(() => bench.batches.length > 0);
    expect(bench.batches.map(({ writes }) => writes.length)).toEqual([30]);
    bench.batches[0]?.answer();
    expect(await Promise.all(results)).toEqual(Array.from({ length: 30 }, () => true));
    expect(bench.clock.pending).toBe(0);
  });

  test('four batches are under way at most; what comes meanwhile gathers', async () => {
    const bench = new Bench();
    const results: Promise<boolean>[] = [];
    for (let count = 0; count < 10; count += 1) {
      results.push(...bench.add(1));
      await turn();
      await turn();
    }
    expect(bench.batches.map(({ writes }) => writes.length)).toEqual([1, 1, 1, 1]);
    bench.batches[2]?.answer();
    await until(() => bench.batches.length > 4);
    expect(bench.batches.map(({ writes }) => writes.length)).toEqual([1, 1, 1, 1, 6]);
    for (const { answer } of bench.batches) answer();
    await Promise.all(results);
  });

  test('a batch is bounded in number and in bytes, and one large write goes alone', async () => {
    const bench = new Bench();
    const results = [...bench.add(1100), ...bench.add(1, 10_000_000)];
    await until(() => bench.batches.length === 4);
    expect(bench.batches.map(({ writes }) => writes.length)).toEqual([500, 500, 100, 1]);
    for (const { answer } of bench.batches) answer();
    await Promise.all(results);
  });

  test('each write gets its own outcome', async () => {
    const bench = new Bench();
    const results = Promise.allSettled(bench.add(3));
    await until(() => bench.batches.length > 0);
    bench.batches[0]?.answer([true, new MaridError('INVALID_ARGUMENT', 'too large'), false]);
    expect(await results).toMatchObject([
      { value: true },
      { status: 'rejected', reason: { code: 'INVALID_ARGUMENT' } },
      { value: false },
    ]);
  });

  test('a write that is not answered in time is rejected, and one that waits behind it is never sent', async () => {
    const bench = new Bench();
    const first: Promise<unknown>[] = [];
    for (let count = 0; count < 4; count += 1) {
      first.push(...bench.add(1));
      await turn();
      await turn();
    }
    const waiting = bench.add(1);
    const results = Promise.allSettled([...first, ...waiting]);
    await bench.clock.advance(LIMIT_MS);
    const codes = (await results).map((each) => (each.status === 'rejected' ? (each.reason as MaridError).code : ''));
    expect(codes).toEqual([...Array.from({ length: 4 }, () => 'DEADLINE_EXCEEDED'), 'UNAVAILABLE']);
    for (const { answer } of bench.batches) answer();
    await turn();
    await turn();
    expect(bench.batches).toHaveLength(4);
  });
});
