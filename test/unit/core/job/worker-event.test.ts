import { describe, expect, test } from '@jest/globals';
import type { Job } from '../../../../core/job/job.js';
import { requestKill } from '../../../../core/job/kill.js';
import { applyWorkerEvent } from '../../../../core/job/worker-event.js';
import { accepted, after, claimed, eventOf, EXIT, RETRY, running, T0 } from './fixture.js';

const NOW = T0 + 1_000;

/** The job failed `times` times, claimed and run again after each rest. */
function failed(job: Job, times: number, infrastructureFailure: boolean): Job {
  const ended = after(job, eventOf(job, 'FAILED', { result: EXIT, infrastructureFailure }), NOW);
  if (times === 1) return ended;
  const next = claimed(ended, ended.nextOfferAt ?? 0);
  return failed(next, times - 1, infrastructureFailure);
}

function killRequested(job: Job): Job {
  const result = requestKill(job, { actor: 'user:bob', reason: 'wrong table', now: NOW });
  if (result.kind === 'unchanged') throw new Error(result.kind);
  return result.job;
}

describe('applyWorkerEvent', () => {
  test('follows an attempt through its life', () => {
    const job = claimed(accepted());
    const prepared = after(job, eventOf(job, 'INIT'));
    expect(prepared).toMatchObject({ status: 'INIT', startedAt: null, claim: { eventSequence: 1 } });
    const started = after(prepared, eventOf(prepared, 'RUNNING', { at: T0 + 150 }));
    expect(started).toMatchObject({ status: 'RUNNING', startedAt: T0 + 150, claim: { eventSequence: 2 } });
    expect(started.attempts[0]).toMatchObject({ startedAt: T0 + 150, endedAt: null, outcome: null });
    const ended = after(
      started,
      eventOf(started, 'SUCCEEDED', { at: T0 + 250, result: { ...EXIT, exitCode: 0 } }),
      NOW,
    );
    expect(ended).toMatchObject({ status: 'SUCCEEDED', claim: null, endedAt: NOW, startedAt: T0 + 150 });
    expect(ended.result?.exitCode).toBe(0);
    expect(ended.attempts[0]).toMatchObject({ endedAt: T0 + 250, outcome: 'SUCCEEDED', reason: 'EVENT' });
    expect(ended.history.at(-1)).toMatchObject({ to: 'SUCCEEDED', actor: 'worker:w1', attempt: 1 });
  });

  test('keeps the times of an attempt in order when the clock of its worker is wrong', () => {
    const job = claimed(accepted(), T0 + 100);
    const early = after(job, eventOf(job, 'RUNNING', { at: 5 }), T0 + 300);
    expect(early.startedAt).toBe(T0 + 100);
    const late = after(early, eventOf(early, 'SUCCEEDED', { at: T0 + 999_999 }), T0 + 400);
    expect(late.attempts[0]?.endedAt).toBe(T0 + 400);
  });

  test.each([
    ['attempt', { attempt: 2 }],
    ['worker', { workerId: 'w2' }],
    ['session', { session: 's2' }],
    ['job', { jobId: 'j2' }],
    ['sequence', { sequence: 1 }],
  ])('drops an event of another %s', (_, difference) => {
    const job = running();
    expect(job.claim?.eventSequence).toBe(1);
    const result = applyWorkerEvent(job, eventOf(job, 'SUCCEEDED', difference), { now: NOW, retry: RETRY });
    expect(result.kind).toBe('stale');
  });

  test('drops what cannot follow, instead of going back', () => {
    const job = running();
    for (const status of ['INIT', 'RUNNING'] as const) {
      const result = applyWorkerEvent(job, eventOf(job, status), { now: NOW, retry: RETRY });
      expect(result).toEqual({ kind: 'stale', why: `${status} cannot follow RUNNING` });
    }
  });

  test('drops events of a job that nobody owns', () => {
    const job = after(running(), eventOf(running(), 'SUCCEEDED'));
    expect(applyWorkerEvent(job, eventOf(job, 'FAILED'), { now: NOW, retry: RETRY }).kind).toBe('stale');
  });
});

describe('a failure of the job itself', () => {
  test('ends a job that allows one attempt', () => {
    const job = failed(running(), 1, false);
    expect(job).toMatchObject({ status: 'FAILED', reason: 'EVENT', result: EXIT, endedAt: NOW });
  });

  test('is tried again after a rest while attempts are left', () => {
    const job = failed(running({ maxAttempts: 3 }), 1, false);
    expect(job).toMatchObject({ status: 'ACCEPTED', reason: 'RETRY', claim: null, startedAt: null, result: null });
    expect(job).toMatchObject({ offers: 0, nextOfferAt: NOW + 1_000, endedAt: null });
    expect(job.attempts[0]).toMatchObject({ outcome: 'FAILED', result: EXIT, infrastructureFailure: false });
    expect(failed(running({ maxAttempts: 3 }), 2, false).nextOfferAt).toBe(NOW + 5_000);
    expect(failed(running({ maxAttempts: 3 }), 3, false)).toMatchObject({ status: 'FAILED', attempt: 3 });
  });

  test('is not tried again once a kill was asked for', () => {
    const job = failed(killRequested(running({ maxAttempts: 3 })), 1, false);
    expect(job).toMatchObject({ status: 'KILLED', reason: 'KILL_REQUESTED', result: EXIT });
    expect(job.attempts[0]?.outcome).toBe('FAILED');
    expect(job.message).toContain('wrong table');
  });

  test('stays a failure when the program had ended by itself before the kill came through', () => {
    expect(failed(killRequested(running()), 1, false).status).toBe('FAILED');
  });
});

describe('a failure of the infrastructure', () => {
  test('before the program started is tried again up to its own limit', () => {
    const job = claimed(accepted());
    const staging = { infrastructureFailure: true, reason: 'STAGING_FAILED' };
    let current = job;
    for (const status of ['ACCEPTED', 'ACCEPTED', 'FAILED']) {
      current = after(current, eventOf(current, 'FAILED', staging), NOW);
      expect(current.status).toBe(status);
      if (status === 'ACCEPTED') current = claimed(current, current.nextOfferAt ?? 0);
    }
    expect(current).toMatchObject({ reason: 'STAGING_FAILED', attempt: 3 });
  });

  test('does not use up attempts of the job itself', () => {
    const once = failed(running({ maxAttempts: 2 }), 2, true);
    expect(once.status).toBe('ACCEPTED');
    const own = failed(claimed(once, once.nextOfferAt ?? 0), 1, false);
    expect(own).toMatchObject({ status: 'ACCEPTED', reason: 'RETRY', attempt: 3 });
  });

  test('does not run a program twice that allows one attempt', () => {
    expect(failed(running(), 1, true).status).toBe('FAILED');
    const unseen = claimed(accepted());
    const jumped = after(unseen, eventOf(unseen, 'FAILED', { infrastructureFailure: true, result: EXIT }), NOW);
    expect(jumped.status).toBe('FAILED');
  });
});

describe('a killed attempt', () => {
  test('is never tried again, whoever ended it', () => {
    const job = running({ maxAttempts: 5 });
    const ended = after(
      job,
      eventOf(job, 'KILLED', { reason: 'TIMEOUT', result: { ...EXIT, signal: 'SIGKILL' } }),
      NOW,
    );
    expect(ended).toMatchObject({ status: 'KILLED', reason: 'TIMEOUT', result: { signal: 'SIGKILL' } });
  });
});
