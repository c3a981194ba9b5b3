import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OffsetTracker } from '../../../../core/dispatch/offset-tracker.js';

const P0 = { topic: 't', partition: 0 };
const P1 = { topic: 't', partition: 1 };

function tracking(...offsets: readonly number[]): OffsetTracker {
  const tracker = new OffsetTracker();
  for (const offset of offsets) tracker.track(P0, offset);
  return tracker;
}

describe('OffsetTracker', () => {
  test('gives out nothing above an unsettled record', () => {
    const tracker = tracking(5, 6, 7);
    tracker.settle(P0, 6);
    expect(tracker.committable()).toEqual([{ ...P0, offset: 5 }]);
    tracker.settle(P0, 5);
    expect(tracker.committable()).toEqual([{ ...P0, offset: 7 }]);
    expect(tracker.committable()).toEqual([]);
    tracker.settle(P0, 7);
    expect(tracker.committable()).toEqual([{ ...P0, offset: 8 }]);
  });

  test('passes gaps, and keeps partitions apart', () => {
    const tracker = tracking(5, 90);
    tracker.track(P1, 0);
    tracker.settle(P0, 5);
    tracker.settle(P1, 0);
    expect(tracker.committable()).toEqual([
      { ...P0, offset: 90 },
      { ...P1, offset: 1 },
    ]);
  });

  test('does not go back when a record comes again', () => {
    const tracker = tracking(0, 1);
    tracker.settle(P0, 0);
    tracker.settle(P0, 1);
    tracker.committable();
    tracker.track(P0, 0);
    tracker.track(P0, 2);
    tracker.settle(P0, 2);
    expect(tracker.committable()).toEqual([]);
    tracker.settle(P0, 0);
    expect(tracker.committable()).toEqual([{ ...P0, offset: 3 }]);
  });

  test('forgets partitions that were taken away, and late news of them', () => {
    const tracker = tracking(0);
    tracker.track(P1, 0);
    tracker.retain([P1]);
    tracker.settle(P0, 0);
    tracker.settle(P1, 0);
    expect(tracker.committable()).toEqual([{ ...P1, offset: 1 }]);
  });

  test('commits all below the lowest unsettled record, whatever the order', () => {
    const offsets = fc
      .uniqueArray(fc.nat(200), { minLength: 1, maxLength: 40 })
      .map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(offsets, fc.infiniteStream(fc.nat(39)), fc.nat(60), (list, picks, count) => {
        const tracker = tracking(...list);
        const unsettled = new Set(list);
        let committed = -1;
        for (const pick of picks.take(count)) {
          const offset = list[pick % list.length] ?? 0;
          tracker.settle(P0, offset);
          unsettled.delete(offset);
          const expected = unsettled.size > 0 ? Math.min(...unsettled) : (list.at(-1) ?? 0) + 1;
          expect(tracker.committable()).toEqual(expected > committed ? [{ ...P0, offset: expected }] : []);
          committed = Math.max(committed, expected);
        }
      }),
    );
  });
});
