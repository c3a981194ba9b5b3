/** Any domain value that a message can carry. */
import fc, { type Arbitrary } from 'fast-check';
import type {
  AttemptReference,
  ExitResult,
  JobLimits,
  JobRequest,
  JobSpecification,
  Transition,
  WorkerEvent,
} from '../../../../core/job/job.js';
import { JOB_STATUSES } from '../../../../core/job/status.js';
import type { WorkerBeat } from '../../../../core/fleet/worker-record.js';
import type { JobFilter } from '../../../../core/ports/job-store.js';
import type { PartitionOffset, StoredRecord } from '../../../../core/ports/topic-log.js';
import {
  APPLICATION_STATUSES,
  CLUSTER_STATUSES,
  COMMAND_STATUSES,
  type Application,
  type Cluster,
  type Command,
  type Criterion,
  type Json,
  type ResourceBase,
} from '../../../../core/registry/resource.js';

export const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const texts = fc.array(text, { maxLength: 4 });
const optionalText = fc.option(name, { nil: null });
const positive = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const optionalPositive = fc.option(positive, { nil: null });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });

/** Milliseconds since the epoch, also before it. */
export const moment = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_000 });
const optionalMoment = fc.option(moment, { nil: null });

/** Names of own properties only: `__proto__` is no field that JSON in JavaScript can carry by assignment. */
const key = name.filter((each) => each !== '__proto__');

const json: Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    text,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const metadata = fc.dictionary(key, json, { maxKeys: 4, noNullPrototype: true });

export const criterion: Arbitrary<Criterion> = fc.record({
  id: optionalText,
  name: optionalText,
  version: optionalText,
  status: optionalText,
  tags: texts,
});

const base: Arbitrary<ResourceBase> = fc.record({
  id: text,
  name: text,
  user: text,
  version: text,
  description: text,
  metadata,
  tags: texts,
  configs: texts,
  dependencies: texts,
  setupFile: optionalText,
  environment: fc.dictionary(key, text, { maxKeys: 3, noNullPrototype: true }),
  createdAt: moment,
  updatedAt: moment,
  revision: fc.nat({ max: 1_000_000 }),
});

export const application: Arbitrary<Application> = fc
  .tuple(base, fc.record({ status: fc.constantFrom(...APPLICATION_STATUSES), type: text }))
  .map(([common, own]) => ({ ...common, ...own }));

export const cluster: Arbitrary<Cluster> = fc
  .tuple(base, fc.record({ status: fc.constantFrom(...CLUSTER_STATUSES) }))
  .map(([common, own]) => ({ ...common, ...own }));

export const command: Arbitrary<Command> = fc
  .tuple(
    base,
    fc.record({
      status: fc.constantFrom(...COMMAND_STATUSES),
      executable: texts,
      clusterCriteria: fc.array(criterion, { maxLength: 3 }),
      applicationIds: texts,
      memoryMb: optionalPositive,
    }),
  )
  .map(([common, own]) => ({ ...common, ...own }));

const limits: Arbitrary<JobLimits> = fc.record(
  {
    cpuTimeMs: count.map((value) => Math.max(1, value)),
    openFiles: positive,
    processes: positive,
    fileMb: positive,
    folderMb: positive,
    folderFiles: positive,
  },
  { requiredKeys: [], noNullPrototype: true },
);

const jobRequestWithoutLimits: Arbitrary<JobRequest> = fc.record({
  name: text,
  user: text,
  version: text,
  description: text,
  metadata,
  tags: texts,
  clusterCriteria: fc.array(criterion, { maxLength: 3 }),
  commandCriterion: criterion,
  applicationIds: texts,
  arguments: texts,
  rawArguments: text,
  environment: fc.dictionary(key, text, { maxKeys: 4, noNullPrototype: true }),
  configs: texts,
  dependencies: texts,
  setupFile: optionalText,
  memoryMb: optionalPositive,
  timeoutMs: fc.option(count, { nil: null }),
  maxAttempts: optionalPositive,
  pool: text,
  grouping: text,
  groupingInstance: text,
  group: text,
  email: text,
});

export const jobRequest: Arbitrary<JobRequest> = fc
  .tuple(jobRequestWithoutLimits, limits)
  .map(([request, own]) => (Object.keys(own).length === 0 ? request : { ...request, limits: own }))
  .chain((request) => fc.constantFrom(request, { ...request, recordOutputTimes: true }));

export const exitResult: Arbitrary<ExitResult> = fc.record({
  exitCode: fc.option(fc.integer({ min: -255, max: 255 }), { nil: null }),
  signal: optionalText,
  processId: optionalPositive,
  stdoutBytes: count,
  stderrBytes: count,
  peakMemoryBytes: fc.option(
    count.map((value) => Math.max(1, value)),
    { nil: null },
  ),
  cpuTimeMs: fc.option(count, { nil: null }),
  bytesRead: positive,
  bytesWritten: positive,
});

export const transition: Arbitrary<Transition> = fc.record({
  sequence: count,
  at: moment,
  from: fc.option(fc.constantFrom(...JOB_STATUSES), { nil: null }),
  to: fc.constantFrom(...JOB_STATUSES),
  attempt: fc.nat(),
  reason: text,
  message: text,
  actor: text,
});

export const specification: Arbitrary<JobSpecification> = fc.record({
  jobId: name,
  attempt: positive,
  request: jobRequest,
  resolution: fc.record({
    cluster,
    command,
    applications: fc.array(application, { maxLength: 2 }),
    memoryMb: positive,
    timeoutMs: count,
  }),
});

const attemptReference: Arbitrary<AttemptReference> = fc.record({ jobId: name, attempt: positive });

export const workerEvent: Arbitrary<WorkerEvent> = fc.record({
  jobId: name,
  attempt: positive,
  workerId: text,
  session: text,
  sequence: count,
  at: moment,
  status: fc.constantFrom('INIT', 'RUNNING', 'SUCCEEDED', 'FAILED', 'KILLED'),
  reason: text,
  message: text,
  result: fc.option(exitResult, { nil: null }),
  infrastructureFailure: fc.boolean(),
  stages: fc.array(fc.record({ name, ms: fc.nat(1e6) }), { minLength: 1 }),
});

export const workerBeat: Arbitrary<WorkerBeat> = fc.record({
  workerId: name,
  session: text,
  pool: text,
  memoryFreeMb: fc.nat(),
  held: fc.array(attemptReference, { maxLength: 4 }),
  partitions: fc.array(fc.nat(), { maxLength: 4 }),
});

export const jobFilter: Arbitrary<JobFilter> = fc.record({
  statuses: fc.array(fc.constantFrom(...JOB_STATUSES), { maxLength: 4 }),
  user: optionalText,
  name: optionalText,
  tags: texts,
  cluster: optionalText,
  command: optionalText,
  grouping: optionalText,
  groupingInstance: optionalText,
  createdFrom: optionalMoment,
  createdBefore: optionalMoment,
});

export const partitionOffset: Arbitrary<PartitionOffset> = fc.record({
  topic: text,
  partition: fc.nat(),
  offset: count,
});

export const storedRecord: Arbitrary<StoredRecord> = fc.record({
  topic: text,
  partition: fc.nat(),
  key: text,
  value: fc.uint8Array({ maxLength: 50 }),
  headers: fc.dictionary(key, text, { maxKeys: 3, noNullPrototype: true }),
  offset: count,
  appendedAt: moment,
});
