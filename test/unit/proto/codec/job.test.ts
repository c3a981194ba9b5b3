import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import * as codec from '../../../../proto/codec/index.js';
import {
  ApplicationSchema,
  ClusterSchema,
  CommandSchema,
  JobRequestSchema,
  JobSpecificationSchema,
  JobStatus,
  WorkerState,
} from '../../../../proto/messages.js';
import { advanceJob, FIXTURE_TIME, makeJob, makeRequest, makeWorker } from '../../../support/job-fixtures.js';

const request = makeRequest({
  arguments: ['a', 'b'],
  rawArguments: '$X',
  environment: { X: '1' },
  metadata: { team: 'blue' },
  tags: ['nightly'],
});
/** An enum value of a later version. */
const unknown = Number('99');
const claimed = advanceJob(makeJob({ request }), 'CLAIMED', { workerId: 'worker-7' });

describe('jobToMessage', () => {
  test('full: tells everything', () => {
    const message = codec.jobToMessage(claimed, 'full');
    expect(message).toMatchObject({
      id: claimed.id,
      status: JobStatus.CLAIMED,
      workerId: 'worker-7',
      attempt: 1,
      killRequested: false,
      etag: '2',
      cluster: { id: claimed.resolution.cluster.id },
      command: { id: claimed.resolution.command.id },
    });
    expect(message.request).toMatchObject({
      arguments: ['a', 'b'],
      environment: { X: '1' },
      metadata: { team: 'blue' },
    });
    expect(message.history.map((step) => step.to)).toEqual([1, 2, 3, 4]);
    expect(message.attempts).toHaveLength(1);
    expect(codec.fromTimestamp(message.createTime)).toBe(FIXTURE_TIME);
    expect(message.endTime).toBeUndefined();
  });

  test('basic: leaves out what is long, and only that', () => {
    const message = codec.jobToMessage(claimed, 'basic');
    expect(message.history).toEqual([]);
    expect(message.attempts).toEqual([]);
    expect(message.request).toMatchObject({ arguments: [], rawArguments: '', environment: {}, tags: ['nightly'] });
    expect(message.request?.metadata).toBeUndefined();
    expect(message.workerId).toBe('worker-7');
  });

  test('names the worker of the last attempt once the job has ended', () => {
    expect(codec.jobToMessage(advanceJob(claimed, 'FAILED'), 'basic')).toMatchObject({
      status: JobStatus.FAILED,
      workerId: 'worker-7',
    });
    expect(codec.jobToMessage(makeJob(), 'full').workerId).toBe('');
  });
});

describe('absent parts', () => {
  test('of a request are empty, for validation to name', () => {
    const empty = codec.jobRequestFromMessage(undefined);
    expect(empty).toEqual(codec.jobRequestFromMessage(create(JobRequestSchema)));
    expect(empty).toMatchObject({ user: '', setupFile: null, memoryMb: null, timeoutMs: null, maxAttempts: null });
    expect(empty.commandCriterion).toEqual({ id: null, name: null, version: null, status: null, tags: [] });
  });

  test('of registry entries are the first status and no revision', () => {
    expect(codec.applicationFromMessage(create(ApplicationSchema))).toMatchObject({ status: 'ACTIVE', revision: 0 });
    expect(codec.commandFromMessage(create(CommandSchema, { status: unknown }))).toMatchObject({ status: 'ACTIVE' });
    expect(codec.clusterFromMessage(create(ClusterSchema, { etag: 'foreign' }))).toMatchObject({
      status: 'UP',
      revision: 0,
      createdAt: 0,
    });
  });

  test('of a status are null', () => {
    expect(codec.statusFromMessage(JobStatus.UNSPECIFIED)).toBeNull();
    expect(codec.statusFromMessage(unknown)).toBeNull();
    expect(codec.statusFromMessage(JobStatus.RUNNING)).toBe('RUNNING');
  });

  test('of a filter let every job pass', () => {
    expect(codec.jobFilterFromMessage(undefined)).toMatchObject({ statuses: [], user: null, createdFrom: null });
  });

  test('of a specification make it unusable', () => {
    expect(codec.specificationFromMessage(create(JobSpecificationSchema, { jobId: 'a' }))).toBeNull();
  });
});

describe('metadata', () => {
  test('never reaches a prototype', () => {
    const metadata = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as Record<string, never>;
    const message = codec.jobRequestToMessage(makeRequest({ metadata }));
    const back = codec.jobRequestFromMessage(message);
    expect(back.metadata['a']).toBe(1);
    expect(Object.getPrototypeOf(back.metadata)).toBe(Object.prototype);
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('workerToMessage', () => {
  test('joins the record and what is live', () => {
    const worker = makeWorker({ id: 'w', memoryBudgetMb: 100 });
    const live = { memoryFreeMb: 40, runningJobs: 2, lastBeatAt: FIXTURE_TIME + 5, state: 'DRAINING' } as const;
    const message = codec.workerToMessage(worker, live);
    expect(message).toMatchObject({ id: 'w', state: WorkerState.DRAINING, memoryBudgetMb: 100, memoryFreeMb: 40 });
    expect(codec.fromTimestamp(message.lastBeatTime)).toBe(FIXTURE_TIME + 5);
  });
});
