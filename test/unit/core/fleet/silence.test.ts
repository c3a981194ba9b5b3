import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { beatSilenceMs, silenceMs, type PartitionReading } from '../../../../core/fleet/silence.js';
import { makeWorker } from '../../../support/job-fixtures.js';

const readings: readonly PartitionReading[] = [
  { since: 1000, until: 9000 },
  { since: 4000, until: 7000 },
];

describe('beatSilenceMs', () => {
  test('counts from the last beat to the watermark of its own partition', () => {
    expect(beatSilenceMs({ partition: 0, at: 6000 }, readings)).toBe(3000);
    expect(beatSilenceMs({ partition: 1, at: 6000 }, readings)).toBe(1000);
  });

  test('counts from the begin of reading when the beat is older: later ones may have been missed', () => {
    expect(beatSilenceMs({ partition: 1, at: 2000 }, readings)).toBe(3000);
  });

  test('without a beat, the partition that knows least counts', () => {
    expect(beatSilenceMs(null, readings)).toBe(3000);
    expect(beatSilenceMs(null, [...readings, null])).toBeNull();
    expect(beatSilenceMs({ partition: 0, at: 1 }, [null, { since: 0, until: 9 }])).toBeNull();
  });
});

describe('silenceMs', () => {
  const record = makeWorker();

  test('is the shorter of the two silences, and none when the log is not known', () => {
    expect(silenceMs({ record, seenAt: 1000, beatSilenceMs: 500 }, 9000)).toBe(500);
    expect(silenceMs({ record, seenAt: 8900, beatSilenceMs: 500 }, 9000)).toBe(100);
    expect(silenceMs({ record, seenAt: 0, beatSilenceMs: null }, 9000)).toBe(0);
    expect(silenceMs({ record, seenAt: 9500, beatSilenceMs: 500 }, 9000)).toBe(0);
  });

  test('never is longer than what was read since the last beat, however late it is', () => {
    const time = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(time, time, time, time, (since, length, at, now) => {
        const watermark = since + length;
        const beats = beatSilenceMs({ partition: 0, at }, [{ since, until: watermark }]);
        const silent = silenceMs({ record, seenAt: 0, beatSilenceMs: beats }, now);
        expect(silent).toBeLessThanOrEqual(Math.max(0, watermark - at));
        expect(silent).toBeLessThanOrEqual(length);
      }),
    );
  });
});
