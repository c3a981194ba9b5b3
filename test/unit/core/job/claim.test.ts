import { describe, expect, test } from '@jest/globals';
import { adoptAttempt } from '../../../../core/job/adopt.js';
import { claimJob, specificationOf } from '../../../../core/job/claim.js';
import { recordOffer } from '../../../../core/job/offer.js';
import { accepted, after, claimed, eventOf, RESOLUTION, running, T0 } from './fixture.js';

const CLAIM = { workerId: 'w1', host: 'host1', session: 's1', claimId: 'k0', now: T0 + 500 };

describe('claimJob', () => {
  test('gives the next attempt to the worker', () => {
    const job = claimed(recordOffer(accepted(), T0));
    expect(job).toMatchObject({ status: 'CLAIMED', attempt: 1, revision: 3, nextOfferAt: null });
    expect(job.claim).toEqual({ workerId: 'w1', session: 's1', claimId: 'k0', eventSequence: 0 });
    expect(job.attempts).toMatchObject([{ number: 1, workerId: 'w1', host: 'host1', endedAt: null, outcome: null }]);
    expect(job.history.at(-1)).toMatchObject({ to: 'CLAIMED', attempt: 1, actor: 'worker:w1' });
  });

  test('answers the same claim again as repeated, even once the job runs', () => {
    expect(claimJob(running(), CLAIM)).toEqual({ kind: 'repeated' });
  });

  test.each([{ workerId: 'w2' }, { session: 's2' }, { claimId: 'other' }])(
    'is gone for another claim: %p',
    (difference) => {
      expect(claimJob(claimed(accepted()), { ...CLAIM, ...difference })).toEqual({ kind: 'gone' });
    },
  );

  test('is gone while a retry rests, until its time or its first offer', () => {
    const resting = after(running({ maxAttempts: 2 }), eventOf(running(), 'FAILED', { sequence: 2 }), T0 + 400);
    const due = resting.nextOfferAt ?? 0;
    expect(claimJob(resting, { ...CLAIM, now: due - 1 })).toEqual({ kind: 'gone' });
    expect(claimJob(resting, { ...CLAIM, now: due })).toMatchObject({ kind: 'claimed', job: { attempt: 2 } });
    expect(claimJob(recordOffer(resting, due), { ...CLAIM, now: due + 1 }).kind).toBe('claimed');
  });
});

describe('specificationOf', () => {
  test('holds what a worker needs of the current attempt', () => {
    const job = claimed(accepted());
    expect(specificationOf(job)).toEqual({ jobId: 'j1', attempt: 1, request: job.request, resolution: RESOLUTION });
  });
});

describe('adoptAttempt', () => {
  const adoption = { workerId: 'w1', session: 's2', attempt: 1, now: T0 + 900 };

  test('moves the claim to the new session, whose events count from 1', () => {
    const result = adoptAttempt(running(), adoption);
    if (result.kind !== 'adopted') throw new Error(result.kind);
    expect(result.job).toMatchObject({ status: 'RUNNING', revision: 4, claim: { session: 's2', eventSequence: 0 } });
    expect(after(result.job, eventOf(result.job, 'SUCCEEDED', { sequence: 1 })).status).toBe('SUCCEEDED');
    expect(() => after(result.job, eventOf(result.job, 'SUCCEEDED', { session: 's1', sequence: 9 }))).toThrow('stale');
  });

  test('leaves an attempt of the same session as it is', () => {
    expect(adoptAttempt(running(), { ...adoption, session: 's1' })).toEqual({ kind: 'unchanged' });
  });

  test('does not give the attempt back to an earlier session whose word comes late, but to one of a clock set back', () => {
    const job = running();
    const earlier = { ...adoption, session: 's0' };
    expect(adoptAttempt(job, { ...earlier, now: job.updatedAt + 59_999 }).kind).toBe('unchanged');
    expect(adoptAttempt(job, { ...earlier, now: job.updatedAt + 60_000 }).kind).toBe('adopted');
  });

  test.each([{ workerId: 'w2' }, { attempt: 2 }])('finds another claim lost: %p', (difference) => {
    expect(adoptAttempt(running(), { ...adoption, ...difference })).toEqual({ kind: 'lost' });
  });

  test('finds a job that waits again lost', () => {
    expect(adoptAttempt(accepted(), { ...adoption, attempt: 0 })).toEqual({ kind: 'lost' });
  });
});
