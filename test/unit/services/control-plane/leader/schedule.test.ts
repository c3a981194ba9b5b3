import { describe, expect, test } from '@jest/globals';
import { cronProblem, nextRunAt } from '../../../../../services/control-plane/leader/schedule.js';

describe('nextRunAt', () => {
  test('counts an interval from the end of the run', () => {
    expect(nextRunAt({ everyMs: 500 }, { startedAt: 1000, durationMs: 20 })).toBe(1520);
  });

  test('goes by UTC and the start of the run for cron', () => {
    const next = (from: string): string | null => {
      const at = nextRunAt({ cron: '0 0 * * *' }, { startedAt: Date.parse(from), durationMs: 5 });
      return at === null ? null : new Date(at).toISOString();
    };
    expect(next('2026-03-01T23:59:59.999Z')).toBe('2026-03-02T00:00:00.000Z');
    expect(next('2026-03-02T00:00:00.000Z')).toBe('2026-03-03T00:00:00.000Z');
  });
});

describe('cronProblem', () => {
  test.each(['0 0 * * *', '*/5 8-18 * * 1-5', '@daily'])('takes %s', (text) => {
    expect(cronProblem(text)).toBeNull();
  });

  test.each(['', 'daily', '@never', '60 * * * *', '* * * * * *', '2027-01-01T00:00:00', '0 0 31 2 *'])(
    'refuses %j',
    (text) => {
      expect(cronProblem(text)).not.toBeNull();
    },
  );
});
