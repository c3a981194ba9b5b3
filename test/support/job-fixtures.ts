/** Valid domain objects in one call, with whatever a test wants to be different. */
import { randomUUID } from 'node:crypto';
import type { Attempt, Claim, Job, JobRequest, Resolution, Transition } from '../../core/job/job.js';
import { isOwned, isTerminal, type JobStatus } from '../../core/job/status.js';
import type { Application, Cluster, Command, Criterion, ResourceBase } from '../../core/registry/resource.js';
import type { WaitingJob } from '../../core/ports/job-store.js';
import type { WorkerRecord } from '../../core/fleet/worker-record.js';

/** When fixtures are created, milliseconds since the epoch. */
export const FIXTURE_TIME = 1_800_000_000_000;

/** A name that no other test uses. */
export function uniqueName(prefix = 'name'): string {
  return `${prefix}-${randomUUID()}`;
}

/** A criterion without any part. */
export function makeCriterion(overrides: Partial<Criterion> = {}): Criterion {
  return { id: null, name: null, version: null, status: null, tags: [], ...overrides };
}

/** A cluster that is UP. */
export function makeCluster(overrides: Partial<Cluster> = {}): Cluster {
  return { ...makeBase('cluster'), status: 'UP', ...overrides };
}

/** An ACTIVE command that runs `echo` on any cluster tagged `test`. */
export function makeCommand(overrides: Partial<Command> = {}): Command {
  return {
    ...makeBase('command'),
    status: 'ACTIVE',
    executable: ['echo'],
    clusterCriteria: [makeCriterion({ tags: ['test'] })],
    applicationIds: [],
    memoryMb: null,
    ...overrides,
  };
}

/** An ACTIVE application. */
export function makeApplication(overrides: Partial<Application> = {}): Application {
  return { ...makeBase('application'), status: 'ACTIVE', type: '', ...overrides };
}

/** A request that asks for anything tagged `test`. */
export function makeRequest(overrides: Partial<JobRequest> = {}): JobRequest {
  return {
    name: 'a job',
    user: 'tester',
    version: '1.0',
    description: '',
    metadata: {},
    tags: [],
    clusterCriteria: [makeCriterion({ tags: ['test'] })],
    commandCriterion: makeCriterion({ tags: ['test'] }),
    applicationIds: [],
    arguments: ['hello'],
    rawArguments: '',
    environment: {},
    configs: [],
    dependencies: [],
    setupFile: null,
    memoryMb: null,
    timeoutMs: null,
    maxAttempts: null,
    pool: 'default',
    grouping: '',
    groupingInstance: '',
    group: '',
    email: '',
    ...overrides,
  };
}

/** A resolution to new entries. */
export function makeResolution(overrides: Partial<Resolution> = {}): Resolution {
  return {
    cluster: makeCluster(),
    command: makeCommand(),
    applications: [],
    memoryMb: 1500,
    timeoutMs: 604_800_000,
    ...overrides,
  };
}

/** A new ACCEPTED job (revision 1, three transitions). `pool` and `memoryMb` follow the request and the resolution unless given. */
export function makeJob(overrides: Partial<Job> = {}): Job {
  const createdAt = overrides.createdAt ?? FIXTURE_TIME;
  const request = overrides.request ?? makeRequest();
  const resolution = overrides.resolution ?? makeResolution();
  return {
    id: randomUUID(),
    revision: 1,
    createdAt,
    updatedAt: createdAt,
    parentId: null,
    request,
    requestHash: 'hash',
    resolution,
    pool: request.pool,
    memoryMb: resolution.memoryMb,
    timeoutMs: resolution.timeoutMs,
    maxAttempts: request.maxAttempts ?? 1,
    status: 'ACCEPTED',
    reason: 'ACCEPTED',
    message: '',
    attempt: 0,
    claim: null,
    attempts: [],
    history: firstTransitions(createdAt),
    publishedSequence: 0,
    nextOfferAt: createdAt + 2000,
    offers: 0,
    kill: null,
    startedAt: null,
    endedAt: null,
    result: null,
    ...overrides,
  };
}

/**
 * The next revision of a job: with one transition more when `status` differs from its own, and with the fields that go with the status
 * (claim, attempts, `nextOfferAt`, `endedAt`). It does not ask the transition table.
 */
export function advanceJob(
  job: Job,
  status: JobStatus,
  overrides: Partial<Job> & { readonly workerId?: string } = {},
): Job {
  const { workerId = job.claim?.workerId ?? 'worker-1', ...rest } = overrides;
  const at = overrides.updatedAt ?? job.updatedAt + 1000;
  const claimed = status === 'CLAIMED' && job.status !== 'CLAIMED';
  const attempt = claimed ? job.attempt + 1 : job.attempt;
  return {
    ...job,
    revision: job.revision + 1,
    updatedAt: at,
    status,
    reason: status,
    attempt,
    claim: isOwned(status) ? claimOf(job, workerId, attempt) : null,
    attempts: claimed ? [...job.attempts, makeAttempt({ number: attempt, workerId, claimedAt: at })] : job.attempts,
    history: status === job.status ? job.history : [...job.history, nextTransition(job, status, at, attempt)],
    nextOfferAt: status === 'ACCEPTED' ? at + 2000 : null,
    endedAt: isTerminal(status) ? at : null,
    ...rest,
  };
}

/** What `JobStore.waiting` gives of a job. */
export function waitingJobOf({ id, memoryMb, status, attempt, offers, nextOfferAt }: Job): WaitingJob {
  return { id, memoryMb, status, attempt, offers, nextOfferAt };
}

/** An attempt that has been claimed and no more. */
export function makeAttempt(overrides: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    workerId: 'worker-1',
    host: 'host-1',
    claimedAt: FIXTURE_TIME,
    startedAt: null,
    endedAt: null,
    outcome: null,
    reason: '',
    message: '',
    infrastructureFailure: false,
    result: null,
    ...overrides,
  };
}

/** A worker as it registers for the first time. */
export function makeWorker(overrides: Partial<WorkerRecord> = {}): WorkerRecord {
  return {
    id: uniqueName('worker'),
    revision: 1,
    session: randomUUID(),
    pool: 'default',
    host: 'host-1',
    address: '127.0.0.1:7071',
    memoryBudgetMb: 16_000,
    version: '0.1.0',
    registeredAt: FIXTURE_TIME,
    seenAt: FIXTURE_TIME,
    draining: false,
    stopped: false,
    leaseTtlMs: 120_000,
    expired: null,
    released: false,
    reservation: null,
    ...overrides,
  };
}

function makeBase(kind: string): ResourceBase {
  return {
    id: randomUUID(),
    name: `a ${kind}`,
    user: 'tester',
    version: '1.0',
    description: '',
    metadata: {},
    tags: ['test'],
    configs: [],
    dependencies: [],
    setupFile: null,
    createdAt: FIXTURE_TIME,
    updatedAt: FIXTURE_TIME,
    revision: 1,
  };
}

function claimOf(job: Job, workerId: string, attempt: number): Claim {
  return job.claim ?? { workerId, session: 'session-1', claimId: `claim-${String(attempt)}`, eventSequence: 0 };
}

function firstTransitions(at: number): readonly Transition[] {
  const common = { at, attempt: 0, message: '', actor: 'control-plane' };
  return [
    { ...common, sequence: 1, from: null, to: 'RESERVED', reason: 'RESERVED' },
    { ...common, sequence: 2, from: 'RESERVED', to: 'RESOLVED', reason: 'MATCHED' },
    { ...common, sequence: 3, from: 'RESOLVED', to: 'ACCEPTED', reason: 'ACCEPTED' },
  ];
}

function nextTransition(job: Job, to: JobStatus, at: number, attempt: number): Transition {
  const sequence = (job.history.at(-1)?.sequence ?? 0) + 1;
  return { sequence, at, from: job.status, to, attempt, reason: to, message: '', actor: 'control-plane' };
}
