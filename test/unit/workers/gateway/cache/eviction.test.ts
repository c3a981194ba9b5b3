import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chooseVictims } from '../../../../../workers/gateway/cache/eviction.js';

const file = fc.record({ sizeBytes: fc.nat(100), usedAt: fc.nat(100), linked: fc.boolean(), inUse: fc.boolean() });
const files = fc.array(file).map((all) => all.map((each, index) => ({ ...each, key: String(index) })));

describe('chooseVictims', () => {
  test('nothing that is used leaves, enough else does, and no more than that', () => {
    fc.assert(
      fc.property(files, fc.nat(1000), (all, cap) => {
        const victims = chooseVictims(all, cap);
        const left = all.filter((each) => !victims.includes(each));
        const size = left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        expect(victims.some(({ inUse }) => inUse)).toBe(false);
        expect(size <= cap || left.every(({ inUse }) => inUse)).toBe(true);
        const last = victims.at(-1);
        if (last !== undefined) expect(size + last.sizeBytes).toBeGreaterThan(cap);
      }),
    );
  });

  test('what nobody links to leaves before the rest, the least recently used first', () => {
    const each = (key: string, usedAt: number, linked: boolean) => ({
      key,
      usedAt,
      linked,
      sizeBytes: 1,
      inUse: false,
    });
    const all = [each('a', 1, true), each('b', 3, false), each('c', 2, false), each('d', 4, true)];
    expect(chooseVictims(all, 1).map(({ key }) => key)).toEqual(['c', 'b', 'a']);
  });
});
