import { describe, expect, test } from '@jest/globals';
import { LookAhead } from '../../../../core/dispatch/look-ahead.js';

function filled(...memory: readonly number[]): LookAhead<string> {
  const lookAhead = new LookAhead<string>({ capacity: 4, maxAgeMs: 5_000 });
  memory.forEach((memoryMb, index) => {
    lookAhead.add({ jobId: `j${index}`, memoryMb, payload: `p${index}` }, index * 1_000);
  });
  return lookAhead;
}

describe('LookAhead', () => {
  test('gives the first that fits, in the order of arrival', () => {
    const lookAhead = filled(500, 300, 100);
    expect(lookAhead.takeFitting(350)).toEqual({ jobId: 'j1', memoryMb: 300, payload: 'p1', addedAt: 1_000 });
    expect(lookAhead.takeFitting(500)?.jobId).toBe('j0');
    expect(lookAhead.takeFitting(99)).toBeNull();
    expect(lookAhead.size).toBe(1);
  });

  test('takes one offer for each job', () => {
    const lookAhead = filled(500);
    expect(lookAhead.add({ jobId: 'j0', memoryMb: 1, payload: 'again' }, 0)).toBe(false);
    expect(lookAhead.takeFitting(1_000)?.payload).toBe('p0');
    expect(lookAhead.add({ jobId: 'j0', memoryMb: 1, payload: 'again' }, 0)).toBe(true);
  });

  test('takes no more than its capacity', () => {
    const lookAhead = filled(1, 1, 1, 1);
    expect(lookAhead.full).toBe(true);
    expect(lookAhead.add({ jobId: 'more', memoryMb: 1, payload: '' }, 0)).toBe(false);
    lookAhead.takeFitting(1);
    expect([lookAhead.full, lookAhead.size]).toEqual([false, 3]);
  });

  test('gives up what has waited too long, and only that', () => {
    const lookAhead = filled(1, 1, 1);
    expect(lookAhead.takeExpired(4_999)).toEqual([]);
    expect(lookAhead.takeExpired(6_000).map((each) => each.jobId)).toEqual(['j0', 'j1']);
    expect(lookAhead.takeExpired(6_000)).toEqual([]);
    expect(lookAhead.size).toBe(1);
  });
});
