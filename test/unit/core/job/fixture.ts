/** Plain jobs, workers and events for the tests of `core/job`. */
import { acceptJob } from '../../../../core/job/accept.js';
import { claimJob } from '../../../../core/job/claim.js';
import type { ExitResult, Job, JobRequest, Resolution, WorkerEvent } from '../../../../core/job/job.js';
import type { RetryPolicy } from '../../../../core/job/retry.js';
import { applyWorkerEvent } from '../../../../core/job/worker-event.js';

export const T0 = 1_700_000_000_000;
export const RETRY: RetryPolicy = { maxInfrastructureFailures: 3, backoffMs: [1_000, 5_000, 30_000] };

const NO_CRITERION = { id: null, name: null, version: null, status: null, tags: [] };

export const REQUEST: JobRequest = {
  ...{ name: '', user: 'alice', version: '1', description: '', metadata: {}, tags: [] },
  ...{ clusterCriteria: [NO_CRITERION], commandCriterion: NO_CRITERION, applicationIds: [] },
  ...{ arguments: ['-c', 'true'], rawArguments: '', environment: {}, configs: [], dependencies: [], setupFile: null },
  ...{ memoryMb: null, timeoutMs: null, maxAttempts: null, pool: '' },
  ...{ grouping: '', groupingInstance: '', group: '', email: '' },
};

const ENTRY = {
  ...{ user: 'admin', version: '3.5', description: '', metadata: {}, tags: [], configs: [], dependencies: [] },
  ...{ setupFile: null, createdAt: T0, updatedAt: T0, revision: 1 },
};

export const RESOLUTION: Resolution = {
  cluster: { ...ENTRY, id: 'c1', name: 'prod', status: 'UP' },
  command: {
    ...{ ...ENTRY, id: 'spark', name: 'spark-submit', status: 'ACTIVE', executable: ['spark-submit'] },
    ...{ clusterCriteria: [], applicationIds: [], memoryMb: null },
  },
  applications: [],
  memoryMb: 1_000,
  timeoutMs: 60_000,
};

export const EXIT: ExitResult = {
  ...{ exitCode: 1, signal: null, processId: 42, stdoutBytes: 3, stderrBytes: 4 },
  ...{ peakMemoryBytes: null, cpuTimeMs: null },
};

/** An ACCEPTED job. */
export function accepted(request: Partial<JobRequest> = {}): Job {
  return acceptJob({
    id: 'j1',
    request: { ...REQUEST, ...request },
    requestHash: 'h',
    resolution: RESOLUTION,
    explanation: 'Its tags matched.',
    parentId: null,
    now: T0,
    offerAfterMs: 2_000,
  });
}

/** The job claimed by worker w1; fails the test when it cannot be. */
export function claimed(job: Job, now = T0 + 100): Job {
  const result = claimJob(job, { workerId: 'w1', host: 'host1', session: 's1', claimId: `k${job.attempt}`, now });
  if (result.kind !== 'claimed') throw new Error(`not claimed: ${result.kind}`);
  return result.job;
}

/** The next event of the job's current attempt, as its worker would send it. */
export function eventOf(job: Job, status: WorkerEvent['status'], changes: Partial<WorkerEvent> = {}): WorkerEvent {
  return {
    jobId: job.id,
    attempt: job.attempt,
    workerId: job.claim?.workerId ?? 'w1',
    session: job.claim?.session ?? 's1',
    sequence: (job.claim?.eventSequence ?? 0) + 1,
    ...{ at: T0 + 200, status, reason: 'EVENT', message: 'it happened' },
    ...{ result: null, infrastructureFailure: false },
    ...changes,
  };
}

/** The job after an event at `now`; fails the test when it is stale. */
export function after(job: Job, event: WorkerEvent, now = T0 + 300): Job {
  const result = applyWorkerEvent(job, event, { now, retry: RETRY });
  if (result.kind !== 'applied') throw new Error(`stale: ${result.why}`);
  return result.job;
}

/** A job that runs. */
export function running(request: Partial<JobRequest> = {}): Job {
  const job = claimed(accepted(request));
  return after(job, eventOf(job, 'RUNNING'));
}
