import { describe, expect, test } from '@jest/globals';
import { deadlineBase, deadlineOf, enforceDeadline, type DeadlinePolicy } from '../../../../core/job/deadline.js';
import type { Job } from '../../../../core/job/job.js';
import { requestKill } from '../../../../core/job/kill.js';
import { loseAttempt } from '../../../../core/job/lose.js';
import { accepted, after, claimed, eventOf, RETRY, running, T0 } from './fixture.js';

const POLICY: DeadlinePolicy = { ACCEPTED: 60_000, CLAIMED: 10_000, INIT: 20_000, RUNNING: 5_000, KILL: 3_000 };
const REST_MS = 100_000;

function enforce(job: Job, now: number, policy = POLICY) {
  return enforceDeadline(job, { now, policy, retry: RETRY, restMs: REST_MS });
}

/** Decides one millisecond before its deadline, where nothing may happen, and at it. */
function atDeadline(job: Job) {
  const deadline = deadlineOf(job, POLICY);
  if (deadline === null) throw new Error('it has no deadline');
  expect(enforce(job, deadline - 1)).toEqual({ kind: 'kept' });
  const decided = enforce(job, deadline);
  if (decided.kind === 'kept') throw new Error('it was kept');
  return { ...decided, deadline };
}

function killAsked(job: Job, now: number): Job {
  const asked = requestKill(job, { actor: 'user:ada', reason: '', now });
  if (asked.kind === 'unchanged') throw new Error('not asked');
  return asked.job;
}

describe('enforceDeadline', () => {
  test('fails a job that waited too long, counted from when it last began to wait', () => {
    const { job, kind, deadline } = atDeadline(accepted());
    expect({ kind, deadline }).toEqual({ kind: 'failed', deadline: T0 + 60_000 });
    expect(job).toMatchObject({
      status: 'FAILED',
      reason: 'WAITED_TOO_LONG',
      message: 'No worker took it within 1 min.',
    });
    const lost = loseAttempt(claimed(accepted()), { reason: 'X', message: '', now: T0 + 50_000, retry: RETRY });
    expect(deadlineOf(lost, POLICY)).toBe(T0 + 110_000);
  });

  test('gives a claim that shows no life up, and lets the job rest before the next', () => {
    const { job, kind, deadline } = atDeadline(claimed(accepted()));
    expect(kind).toBe('lost');
    expect(job).toMatchObject({
      status: 'ACCEPTED',
      reason: 'CLAIM_LOST',
      claim: null,
      nextOfferAt: deadline + REST_MS,
    });
    expect(job.attempts).toMatchObject([{ reason: 'CLAIM_STALLED', infrastructureFailure: true }]);
  });

  test('gives a preparation that hangs up', () => {
    const claim = claimed(accepted());
    const { job } = atDeadline(after(claim, eventOf(claim, 'INIT')));
    expect(job).toMatchObject({ status: 'ACCEPTED', nextOfferAt: expect.any(Number) });
    expect(job.attempts).toMatchObject([{ reason: 'INIT_STALLED' }]);
  });

  test('asks for the end of a job that runs on beyond its timeout, and counts it as killed when nobody answers', () => {
    const first = running();
    const asked = atDeadline(first);
    expect(asked.deadline).toBe((first.startedAt ?? 0) + first.timeoutMs + 5_000);
    expect(asked).toMatchObject({ kind: 'kill', job: { status: 'RUNNING', kill: { actor: 'control-plane' } } });
    const { job, kind, deadline } = atDeadline(asked.job);
    expect({ kind, deadline }).toEqual({ kind: 'lost', deadline: asked.deadline + 3_000 });
    expect(job).toMatchObject({
      status: 'KILLED',
      reason: 'KILL_REQUESTED',
      attempts: [{ reason: 'KILL_UNANSWERED' }],
    });
  });

  test('never runs a job again whose kill was not answered, however many attempts it has', () => {
    const asked = killAsked(running({ maxAttempts: 5 }), T0 + 1_000);
    expect(atDeadline(asked).job.status).toBe('KILLED');
    expect(atDeadline(killAsked(claimed(accepted()), T0 + 200)).job.status).toBe('KILLED');
  });

  test('leaves a stage without allowance alone, and what has ended', () => {
    const policy = { ...POLICY, ACCEPTED: null };
    expect(enforce(accepted(), T0 + 10 ** 12, policy)).toEqual({ kind: 'kept' });
    const ended = atDeadline(accepted()).job;
    expect([deadlineBase(ended), enforce(ended, T0 + 10 ** 12)]).toEqual([null, { kind: 'kept' }]);
  });
});
