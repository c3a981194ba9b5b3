import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { partitionOf } from '../../../../core/dispatch/partition-of.js';
import { choosePartition } from '../../../../core/dispatch/placement.js';
import type { Random } from '../../../../core/ports/random.js';

/** Gives the listed numbers, then 0. */
function sequence(...values: readonly number[]): Random {
  const left = [...values];
  return { next: () => left.shift() ?? 0, id: () => 'id' };
}

const WORKERS = [
  { memoryFreeMb: 100, partitions: [0, 1] },
  { memoryFreeMb: 2_000, partitions: [2] },
  { memoryFreeMb: 4_000, partitions: [3] },
];

describe('choosePartition', () => {
  test('prefers, of two, the partition whose worker has more free memory', () => {
    const o = { partitions: 8, memoryMb: 1_000, workers: WORKERS };
    for (const values of [
      [0, 0],
      [0.99, 0.99],
      [0, 0.99],
    ]) {
      expect(choosePartition({ ...o, random: sequence(...values) })).toBe(3);
    }
  });

  test('takes any worker when nobody has room, and any partition when nobody is known to read one', () => {
    const o = { partitions: 8, memoryMb: 9_000, workers: WORKERS };
    expect(choosePartition({ ...o, random: sequence(0) })).toBe(0);
    expect(choosePartition({ ...o, random: sequence(0.5) })).toBe(2);
    expect(choosePartition({ ...o, workers: [{ memoryFreeMb: 9_000, partitions: [] }], random: sequence(0.99) })).toBe(
      7,
    );
  });

  test('keeps to one partition of a worker, so that what is written together lies together', () => {
    const workers = [{ memoryFreeMb: 100, partitions: [5, 1, 6] }];
    for (const memoryMb of [50, 500]) {
      for (const value of [0, 0.5, 0.99]) {
        expect(choosePartition({ partitions: 8, memoryMb, workers, random: sequence(value) })).toBe(5);
      }
    }
  });

  test('never leaves the topic, and never passes by workers with room', () => {
    const worker = fc.record({ memoryFreeMb: fc.nat(100), partitions: fc.array(fc.integer({ min: -1, max: 9 })) });
    const chance = fc.double({ min: 0, max: 0.999999, noNaN: true });
    const workers = fc.array(worker, { maxLength: 5 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), workers, chance, chance, (partitions, list, a, b) => {
        const chosen = choosePartition({ partitions, memoryMb: 50, workers: list, random: sequence(a, b) });
        expect(Number.isInteger(chosen) && chosen >= 0 && chosen < partitions).toBe(true);
        const roomy = list.filter((each) => each.memoryFreeMb >= 50).flatMap((each) => each.partitions);
        const usable = roomy.filter((each) => each >= 0 && each < partitions);
        if (usable.length > 0) expect(usable).toContain(chosen);
      }),
    );
  });
});

describe('partitionOf', () => {
  test.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('hashes %p with FNV-1a as published', (key, hash) => {
    expect(partitionOf(key, 2 ** 32)).toBe(hash);
    expect(partitionOf(key, 8)).toBe(hash % 8);
  });

  test('hashes UTF-8, and spreads keys evenly', () => {
    expect(partitionOf('é', 2 ** 32)).not.toBe(partitionOf('e', 2 ** 32));
    const counts = new Array<number>(8).fill(0);
    for (let index = 0; index < 8_000; index += 1) {
      const partition = partitionOf(`job-${index}`, 8);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });

  test.each([0, -1, 1.5, Number.NaN])('refuses %d partitions', (partitions) => {
    expect(() => partitionOf('a', partitions)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});
