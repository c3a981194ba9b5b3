import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { adoptAttempt } from '../../../../core/job/adopt.js';
import { claimJob } from '../../../../core/job/claim.js';
import type { Job, WorkerEvent } from '../../../../core/job/job.js';
import { requestKill } from '../../../../core/job/kill.js';
import { loseAttempt } from '../../../../core/job/lose.js';
import { recordOffer } from '../../../../core/job/offer.js';
import { isOwned, isTerminal, mayFollow } from '../../../../core/job/status.js';
import { applyWorkerEvent } from '../../../../core/job/worker-event.js';
import { accepted, eventOf, EXIT, RETRY, T0 } from './fixture.js';

/** A decision that somebody takes on the job as it is; the same job when there is nothing to decide. */
type Decide = (job: Job, now: number) => Job;

const STATUSES = ['INIT', 'RUNNING', 'SUCCEEDED', 'FAILED', 'KILLED'] as const satisfies WorkerEvent['status'][];

const decisions: fc.Arbitrary<Decide> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('w1', 'w2').map(claimBy) },
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...STATUSES), fc.boolean(), fc.boolean(), fc.nat(3)).map(tell) },
  { weight: 2, arbitrary: fc.constant<Decide>(lose) },
  { weight: 1, arbitrary: fc.constant<Decide>(kill) },
  {
    weight: 2,
    arbitrary: fc.constant<Decide>((job, now) => (job.status === 'ACCEPTED' ? recordOffer(job, now) : job)),
  },
  { weight: 1, arbitrary: fc.constantFrom('s1', 's2').map(adoptBy) },
);

function claimBy(workerId: string): Decide {
  return (job, now) => {
    const claim = { workerId, host: 'h', session: 's1', claimId: `k${job.attempt}`, now };
    const result = claimJob(job, claim);
    if (result.kind !== 'claimed') return job;
    expect(claimJob(result.job, claim).kind).toBe('repeated');
    return result.job;
  };
}

function tell([status, infrastructureFailure, ran, sequence]: [
  WorkerEvent['status'],
  boolean,
  boolean,
  number,
]): Decide {
  return (job, now) => {
    const event = eventOf(job, status, { infrastructureFailure, at: now - 50, result: ran ? EXIT : null });
    const shifted = { ...event, sequence: event.sequence + sequence - 1 };
    const result = applyWorkerEvent(job, shifted, { now, retry: RETRY });
    if (result.kind !== 'applied') return job;
    expect(applyWorkerEvent(result.job, shifted, { now, retry: RETRY }).kind).toBe('stale');
    return result.job;
  };
}

function lose(job: Job, now: number): Job {
  return job.claim === null ? job : loseAttempt(job, { reason: 'LEASE_EXPIRED', message: 'silent', now, retry: RETRY });
}

function kill(job: Job, now: number): Job {
  const result = requestKill(job, { actor: 'user:bob', reason: '', now });
  return result.kind === 'unchanged' ? job : result.job;
}

function adoptBy(session: string): Decide {
  return (job, now) => {
    const result = adoptAttempt(job, { workerId: 'w1', session, attempt: job.attempt, now });
    return result.kind === 'adopted' ? result.job : job;
  };
}

function checkStep(before: Job, job: Job): void {
  if (job === before) return;
  expect(isTerminal(before.status)).toBe(false);
  expect(job.revision).toBe(before.revision + 1);
  expect(job.history.slice(0, before.history.length)).toEqual(before.history);
  const steps = job.history.slice(before.history.length);
  expect(steps.length).toBeLessThanOrEqual(1);
  if (steps.length === 0) expect(job.status).toBe(before.status);
  else expect(steps[0]).toMatchObject({ from: before.status, to: job.status, reason: job.reason });
}

function checkShape(job: Job): void {
  expect(job.history.map((each) => each.sequence)).toEqual(job.history.map((_, index) => index + 1));
  for (const each of job.history) expect(each.from === null || mayFollow(each.from, each.to)).toBe(true);
  expect(job.history.at(-1)?.to).toBe(job.status);
  expect(job.claim !== null).toBe(isOwned(job.status));
  expect(job.nextOfferAt !== null).toBe(job.status === 'ACCEPTED');
  expect(job.endedAt !== null).toBe(isTerminal(job.status));
  expect(job.status === 'ACCEPTED' && job.kill !== null).toBe(false);
  expect(job.attempts.map((each) => each.number)).toEqual(job.attempts.map((_, index) => index + 1));
  expect(job.attempt).toBe(job.attempts.length);
  const open = job.attempts.filter((each) => each.endedAt === null);
  expect(open.map((each) => each.number)).toEqual(job.claim === null ? [] : [job.attempt]);
  const own = job.attempts.filter((each) => each.outcome === 'FAILED' && !each.infrastructureFailure);
  expect(own.length).toBeLessThanOrEqual(job.maxAttempts);
  for (const each of job.attempts) {
    expect(each.endedAt ?? Infinity).toBeGreaterThanOrEqual(each.startedAt ?? each.claimedAt);
  }
  if (job.maxAttempts === 1) {
    expect(job.attempts.slice(0, -1).filter((each) => each.startedAt !== null)).toEqual([]);
  }
}

describe('the decisions on a job', () => {
  test('keep its invariants in any order', () => {
    const steps = fc.array(fc.tuple(decisions, fc.constantFrom(1, 500, 40_000)), { maxLength: 60 });
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), steps, (maxAttempts, list) => {
        let job = accepted({ maxAttempts });
        let now = T0;
        for (const [decide, pause] of list) {
          now += pause;
          const before = structuredClone(job);
          const next = decide(job, now);
          expect(job).toEqual(before);
          checkStep(job, next);
          checkShape(next);
          job = next;
          seen.add(job.status).add(job.reason);
        }
      }),
      { numRuns: 300 },
    );
    for (const each of ['SUCCEEDED', 'FAILED', 'KILLED', 'RETRY', 'CLAIM_LOST']) expect(seen).toContain(each);
  });
});
