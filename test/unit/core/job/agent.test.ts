import { describe, expect, test } from '@jest/globals';
import { agentOfPool, agentPool } from '../../../../core/fleet/agent-pool.js';
import { acceptJob } from '../../../../core/job/accept.js';
import { explainJob } from '../../../../core/job/explain.js';
import type { Job } from '../../../../core/job/job.js';
import { loseAttempt } from '../../../../core/job/lose.js';
import { offerDue } from '../../../../core/job/offer.js';
import { poolProblem } from '../../../../core/validation/ids.js';
import { accepted, claimed, REQUEST, RESOLUTION, RETRY, T0 } from './fixture.js';

const MINUTE_MS = 60_000;

function ofAgent(): Job {
  const facts = {
    id: 'j1',
    requestHash: 'h',
    resolution: RESOLUTION,
    explanation: 'Its tags matched.',
    parentId: null,
  };
  return acceptJob({ ...facts, request: { ...REQUEST, maxAttempts: 7 }, agentId: 'a1', now: T0, offerAfterMs: 2_000 });
}

describe('the job of an agent', () => {
  test('is of a pool that no configuration can name', () => {
    const { pool } = ofAgent();
    expect(poolProblem(pool)).not.toBeNull();
    expect(agentOfPool(pool)).toBe('a1');
    expect(agentOfPool(agentPool('x'))).toBe('x');
    expect(agentOfPool('default')).toBeNull();
  });

  test('is not offered, and fails when its agent has not come within a minute', () => {
    expect(offerDue(ofAgent(), T0 + MINUTE_MS - 1).kind).toBe('not-due');
    const { kind, job } = offerDue(ofAgent(), T0 + MINUTE_MS);
    expect(kind).toBe('failed');
    expect(job).toMatchObject({ status: 'FAILED', reason: 'AGENT_GONE', nextOfferAt: null });
    expect(offerDue(accepted(), T0 + 2_000)).toMatchObject({ kind: 'offered', job: { offers: 1 } });
  });

  test('is not tried again, not even when it was lost before it started', () => {
    const lost = { reason: 'LEASE_EXPIRED', message: 'The worker is gone.', now: T0 + 1_000, retry: RETRY };
    expect(loseAttempt(claimed(ofAgent()), lost)).toMatchObject({ status: 'FAILED', reason: 'WORKER_LOST' });
    expect(loseAttempt(claimed(accepted()), lost).status).toBe('ACCEPTED');
    expect(ofAgent().maxAttempts).toBe(1);
  });

  test('is explained while it waits', () => {
    const deadlines = { ACCEPTED: null, CLAIMED: null, INIT: null, RUNNING: null, KILL: null };
    const facts = { now: T0 + 1_000, workers: [], brakes: [], retry: RETRY, deadlines };
    const { summary, details } = explainJob(ofAgent(), facts);
    expect(summary).toContain('waits for agent a1');
    expect(details.join(' ')).toContain('If the agent has not claimed it in 59 s, it fails.');
  });
});
