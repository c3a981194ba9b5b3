import { describe, expect, test } from '@jest/globals';
import type { Job } from '../../../../core/job/job.js';
import { requestKill } from '../../../../core/job/kill.js';
import { loseAttempt } from '../../../../core/job/lose.js';
import { recordOffer } from '../../../../core/job/offer.js';
import { restMs } from '../../../../core/job/retry.js';
import { accepted, after, claimed, eventOf, RETRY, running, T0 } from './fixture.js';

const NOW = T0 + 1_000;
const KILL = { actor: 'user:bob', reason: '', now: NOW };

function lose(job: Job): Job {
  return loseAttempt(job, { reason: 'LEASE_EXPIRED', message: 'Worker w1 is silent.', now: NOW, retry: RETRY });
}

describe('requestKill', () => {
  test('ends a waiting job at once', () => {
    const result = requestKill(accepted(), KILL);
    expect(result).toMatchObject({ kind: 'killed', job: { status: 'KILLED', endedAt: NOW, nextOfferAt: null } });
    expect(result).toMatchObject({ job: { revision: 2, kill: { at: NOW, actor: 'user:bob', reason: '' } } });
  });

  test('records the wish when a worker owns the job', () => {
    const job = running();
    const result = requestKill(job, { ...KILL, reason: 'too slow' });
    expect(result).toMatchObject({ kind: 'requested', job: { status: 'RUNNING', revision: job.revision + 1 } });
    expect(result).toMatchObject({ job: { kill: { at: NOW, actor: 'user:bob', reason: 'too slow' } } });
    expect(result).toMatchObject({ job: { history: job.history, claim: job.claim } });
  });

  test('changes nothing the second time, and nothing on an ended job', () => {
    const wished = requestKill(running(), KILL);
    if (wished.kind === 'unchanged') throw new Error('unchanged');
    expect(requestKill(wished.job, { ...KILL, actor: 'user:eve' })).toEqual({ kind: 'unchanged' });
    const ended = after(running(), eventOf(running(), 'SUCCEEDED'));
    expect(requestKill(ended, KILL)).toEqual({ kind: 'unchanged' });
  });
});

describe('loseAttempt', () => {
  test('before the program started is always tried again, however often', () => {
    let job = accepted();
    for (let count = 1; count <= 8; count += 1) {
      job = lose(claimed(job, job.nextOfferAt ?? 0));
      expect(job).toMatchObject({ status: 'ACCEPTED', reason: 'CLAIM_LOST', attempt: count, claim: null });
    }
    expect(job.attempts[0]).toMatchObject({ outcome: null, reason: 'LEASE_EXPIRED', infrastructureFailure: true });
    expect(job.nextOfferAt).toBe(NOW + 300_000);
    const next = claimed(job, NOW + 300_000);
    const staging = after(next, eventOf(next, 'FAILED', { infrastructureFailure: true }), NOW);
    expect(staging.status).toBe('ACCEPTED');
  });

  test('of a running program fails a job that allows one attempt', () => {
    expect(lose(running())).toMatchObject({ status: 'FAILED', reason: 'WORKER_LOST', result: null, endedAt: NOW });
  });

  test('of a running program is tried again when the job allows more, up to the limit', () => {
    let job = running({ maxAttempts: 2 });
    for (const status of ['ACCEPTED', 'ACCEPTED', 'FAILED']) {
      job = lose(job);
      expect(job.status).toBe(status);
      if (status === 'FAILED') continue;
      expect(job).toMatchObject({ reason: 'RETRY', startedAt: null });
      const next = claimed(job, job.nextOfferAt ?? 0);
      job = after(next, eventOf(next, 'RUNNING'));
    }
    expect(job).toMatchObject({ reason: 'WORKER_LOST', attempt: 3 });
  });

  test.each([
    ['claimed', claimed(accepted())],
    ['running', running()],
  ])('ends a %s job whose kill was asked for as KILLED', (_, job) => {
    const wished = requestKill(job, KILL);
    if (wished.kind !== 'requested') throw new Error(wished.kind);
    expect(lose(wished.job)).toMatchObject({ status: 'KILLED', reason: 'KILL_REQUESTED' });
  });

  test('refuses a job that nobody owns', () => {
    expect(() => lose(accepted())).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    const waiting = lose(claimed(accepted()));
    expect(() => lose(waiting)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});

describe('restMs', () => {
  test('takes the listed rests, then doubles the last up to five minutes', () => {
    const rests = [1, 2, 3, 4, 5, 6, 7, 100].map((attempts) => restMs(RETRY, attempts));
    expect(rests).toEqual([1_000, 5_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  test('never shortens a rest that is longer than that, and has one when none is listed', () => {
    expect(restMs({ ...RETRY, backoffMs: [900_000] }, 4)).toBe(900_000);
    expect([1, 2].map((attempts) => restMs({ ...RETRY, backoffMs: [] }, attempts))).toEqual([1_000, 2_000]);
  });
});

describe('recordOffer', () => {
  test('moves the next offer by 10, 20, 40 and then 60 s', () => {
    let job = accepted();
    for (const seconds of [10, 20, 40, 60, 60]) {
      job = recordOffer(job, NOW);
      expect(job.nextOfferAt).toBe(NOW + seconds * 1_000);
    }
    expect(job).toMatchObject({ offers: 5, revision: 6, status: 'ACCEPTED', updatedAt: NOW });
  });

  test('counts from 0 again when the job waits for another attempt', () => {
    const again = lose(claimed(recordOffer(accepted(), T0)));
    expect(again.offers).toBe(0);
    expect(recordOffer(again, NOW).nextOfferAt).toBe(NOW + 10_000);
  });

  test('refuses a job that does not wait', () => {
    expect(() => recordOffer(running(), NOW)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});
