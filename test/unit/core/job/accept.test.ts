import { describe, expect, test } from '@jest/globals';
import { accepted, RESOLUTION, T0 } from './fixture.js';

describe('acceptJob', () => {
  test('makes an accepted job with its way there as history', () => {
    const job = accepted();
    expect(job).toMatchObject({ revision: 1, status: 'ACCEPTED', attempt: 0, claim: null, publishedSequence: 0 });
    expect(job.nextOfferAt).toBe(T0 + 2_000);
    expect(job.history.map((each) => [each.sequence, each.from, each.to])).toEqual([
      [1, null, 'RESERVED'],
      [2, 'RESERVED', 'RESOLVED'],
      [3, 'RESOLVED', 'ACCEPTED'],
    ]);
    expect(job.history[1]).toMatchObject({ reason: 'MATCHED', message: 'Its tags matched.' });
    expect(job.history[0]?.actor).toBe('user:alice');
  });

  test('fills the defaults of name, pool and attempts in', () => {
    const job = accepted();
    expect(job.request).toMatchObject({ name: 'j1', pool: 'default', maxAttempts: 1 });
    expect(job).toMatchObject({ pool: 'default', maxAttempts: 1 });
  });

  test('keeps what was asked for and takes memory and timeout from the resolution', () => {
    const job = accepted({ name: 'nightly', pool: 'big', maxAttempts: 4 });
    expect(job.request).toMatchObject({ name: 'nightly', pool: 'big', maxAttempts: 4 });
    expect(job).toMatchObject({ pool: 'big', maxAttempts: 4 });
    expect(job).toMatchObject({ memoryMb: RESOLUTION.memoryMb, timeoutMs: RESOLUTION.timeoutMs });
  });
});
