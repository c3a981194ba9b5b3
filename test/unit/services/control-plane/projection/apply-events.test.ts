import { describe, expect, test } from '@jest/globals';
import type { WorkerEvent } from '../../../../../core/job/job.js';
import { claimJob } from '../../../../../core/job/claim.js';
import { applyWorkerEvents } from '../../../../../services/control-plane/projection/apply-events.js';
import { FIXTURE_TIME, makeJob } from '../../../../support/job-fixtures.js';

const options = { now: FIXTURE_TIME + 5000, retry: { maxInfrastructureFailures: 5, backoffMs: [1000] } };

function claimed() {
  const identity = { workerId: 'w', host: 'h', session: 's', claimId: 'c', now: FIXTURE_TIME + 1000 };
  const result = claimJob(makeJob({ id: 'a' }), identity);
  if (result.kind !== 'claimed') throw new Error('the fixture cannot be claimed');
  return result.job;
}

function event(sequence: number, status: WorkerEvent['status']): WorkerEvent {
  const names = { jobId: 'a', attempt: 1, workerId: 'w', session: 's' };
  const rest = { reason: 'TEST', message: '', result: null, infrastructureFailure: false };
  return { ...names, sequence, at: FIXTURE_TIME + 2000, status, ...rest };
}

describe('applyWorkerEvents', () => {
  test('applies all events of a job as one revision, with a transition each', () => {
    const job = claimed();
    const result = applyWorkerEvents(job, [event(1, 'INIT'), event(2, 'RUNNING'), event(3, 'SUCCEEDED')], options);
    expect(result.job).toMatchObject({ revision: job.revision + 1, status: 'SUCCEEDED' });
    expect(result.job?.history.slice(job.history.length).map(({ to }) => to)).toEqual(['INIT', 'RUNNING', 'SUCCEEDED']);
  });

  test('drops what is stale in between and says why', () => {
    const result = applyWorkerEvents(
      claimed(),
      [event(2, 'RUNNING'), event(1, 'INIT'), event(3, 'SUCCEEDED')],
      options,
    );
    expect(result).toMatchObject({ kind: 'applied', job: { status: 'SUCCEEDED' } });
    expect(result.dropped).toHaveLength(1);
  });

  test('writes nothing when all are stale', () => {
    const result = applyWorkerEvents(makeJob({ id: 'a' }), [event(1, 'RUNNING')], options);
    expect(result.kind).toBe('stale');
    expect(result).not.toHaveProperty('job');
  });
});
