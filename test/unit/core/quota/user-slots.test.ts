import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addMissing, changeSlots, pruneSlots, type Slot, type SlotChange } from '../../../../core/quota/user-slots.js';

const NOW = 1_000_000;
const slot = (jobId: string, since = NOW): Slot => ({ jobId, since });
const take = (jobId: string): SlotChange => ({ kind: 'take', jobId });
const free = (jobId: string): SlotChange => ({ kind: 'free', jobId });
const ids = (slots: readonly Slot[]) => slots.map(({ jobId }) => jobId);

describe('changeSlots', () => {
  test('takes up to the limit and says how many there are beyond it', () => {
    const { slots, refused } = changeSlots([slot('a')], [take('b'), take('c'), free('a'), take('d')], {
      limit: 2,
      now: NOW,
    });
    expect(ids(slots)).toEqual(['b', 'd']);
    expect(refused).toEqual([null, 2, null, null]);
  });

  test('a job that has a slot takes no second one, even at the limit', () => {
    const before = [slot('a'), slot('b')];
    expect(changeSlots(before, [take('a'), take('a')], { limit: 2, now: NOW })).toEqual({
      slots: before,
      refused: [null, null],
    });
    expect(changeSlots(before, [take('a')], { limit: 2, now: NOW }).slots).toBe(before);
  });

  test('never holds more than the limit, nor a job twice, and refuses only when full', () => {
    const anyChange = fc.record({
      kind: fc.constantFrom('take' as const, 'free' as const),
      jobId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    });
    fc.assert(
      fc.property(fc.array(anyChange), fc.integer({ min: 0, max: 4 }), (changes, limit) => {
        const held = new Set<string>();
        const { slots, refused } = changeSlots([], changes, { limit, now: NOW });
        for (const [index, { kind, jobId }] of changes.entries()) {
          if (kind === 'free') held.delete(jobId);
          else if (held.has(jobId) || held.size < limit) held.add(jobId);
          else expect(refused[index]).toBe(limit);
          if (held.has(jobId)) expect(refused[index]).toBeNull();
        }
        expect(new Set(ids(slots))).toEqual(held);
        expect(slots.length).toBe(held.size);
      }),
    );
  });
});

describe('pruneSlots', () => {
  const stateOf = (jobId: string) => (jobId === 'on' ? 'active' : jobId === 'over' ? 'ended' : 'absent');

  test('keeps active jobs, and for a minute those that are not inserted yet', () => {
    const slots = [slot('on', 0), slot('over'), slot('new', NOW - 59_999), slot('never', NOW - 60_000)];
    expect(ids(pruneSlots(slots, { stateOf, now: NOW }))).toEqual(['on', 'new']);
    const all = [slot('on')];
    expect(pruneSlots(all, { stateOf, now: NOW })).toBe(all);
  });
});

describe('addMissing', () => {
  test('adds what has no slot', () => {
    const before = [slot('a')];
    expect(ids(addMissing(before, ['a', 'b'], NOW))).toEqual(['a', 'b']);
    expect(addMissing(before, ['a'], NOW)).toBe(before);
  });
});
