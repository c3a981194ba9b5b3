/** gRPC handlers of jobs. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { invalidArgument } from '../../../core/errors/marid-error.js';
import type { DeadlinePolicy } from '../../../core/job/deadline.js';
import { explainJob } from '../../../core/job/explain.js';
import type { Job } from '../../../core/job/job.js';
import { requestKill } from '../../../core/job/kill.js';
import type { RetryPolicy } from '../../../core/job/retry.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import { jobRequestFromMessage, jobToMessage, referenceOf, statusToMessage } from '../../../proto/codec/index.js';
import {
  SubmitJobResponseSchema,
  type JobService,
  type KillJobRequest,
  type ResolveJobRequest,
  type ResolveJobResponseSchema,
  type SubmitJobRequest,
} from '../../../proto/gen/marid/v1/job_service_pb.js';
import { encodeAhead } from '../../../proto/rpc/encode-ahead.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { KillDelivery } from '../fleet/kill-delivery.js';
import type { SilentWorkers } from '../fleet/silent-workers.js';
import type { WorkerDirectory } from '../fleet/worker-directory.js';
import { jobNotFound } from '../jobs/job-repository.js';
import type { Admission } from '../submit/admission.js';
import type { Matcher } from '../submit/matcher.js';
import type { Submission, Submitted, Submitter } from '../submit/submitter.js';
import type { JobFiles } from './job-files.js';
import { listJobs } from './job-listing.js';
import { submitMany } from './submit-many.js';
import { watchAllJobs, watchJob, type JobWatchOptions } from './job-watch.js';

const MOST_MATCHES = 100;
const LONGEST_LABEL = 255;

type SubmitJobAnswer = MessageInitShape<typeof SubmitJobResponseSchema>;

/** Options of `createJobHandlers`. */
export interface JobHandlerOptions extends JobWatchOptions {
  readonly store: JobStore;
  readonly submitter: Submitter;
  readonly admission: Admission;
  readonly matcher: Matcher;
  readonly kills: KillDelivery;
  readonly directory: WorkerDirectory;
  readonly deadlines: DeadlinePolicy;
  readonly files: JobFiles;
  readonly silent: SilentWorkers;
  readonly retry: RetryPolicy;
  readonly leaseGraceMs: number;
  readonly logger: Logger;
}

/** Handlers over submission, the job repository and the workers. */
export function createJobHandlers(options: JobHandlerOptions): ServiceHandlers<typeof JobService> {
  const { store, submitter, jobs, files, directory, deadlines, clock, silent, retry, logger } = options;
  const submit = async (request: SubmitJobRequest): Promise<Submitted> => submitter.submit(submissionOf(request));
  return {
    submitJob: (request) => submitOne(submitter, request),
    submitJobs: (requests, context) => submitMany({ submit, logger }, requests, context),
    retryJob: async (request) => {
      const { job, created } = await submitter.retry(request.jobId, request.newJobId);
      return { job: jobToMessage(job, 'full'), created };
    },
    resolveJob: (request) => resolve(options, request),
    getJob: async (request) => ({ job: jobToMessage(await jobs.require(request.jobId), 'full') }),
    listJobs: (request) => listJobs(store, request),
    killJob: async (request) => ({ job: jobToMessage(await kill(options, request), 'full') }),
    watchJobs: (request, { signal }) =>
      request.jobId === '' ? watchAllJobs(options, request.resumeToken, signal) : watchJob(options, request, signal),
    explainJob: async (request) => {
      const job = await jobs.require(request.jobId);
      const workers = directory.facts(options.leaseGraceMs);
      const facts = { now: clock.now(), workers, brakes: await silent.brakes(), deadlines, retry };
      const { summary, details } = explainJob(job, facts);
      return { status: statusToMessage(job.status), summary, details: [...details] };
    },
    listJobFiles: (request, { signal }) => files.list(request, signal),
    readJobFile: (request, { signal }) => files.read(request, signal),
  };
}

/** The answer is made once the job is stored, while the disk is forced. */
async function submitOne(submitter: Submitter, request: SubmitJobRequest): Promise<SubmitJobAnswer> {
  let ahead: SubmitJobAnswer | null = null;
  let waits = true;
  const { job, created } = await submitter.submit(submissionOf(request), (written) => {
    setImmediate(() => {
      if (waits) ahead = encodeAhead(SubmitJobResponseSchema, { job: jobToMessage(written, 'full'), created: true });
    });
  });
  waits = false;
  return ahead ?? { job: jobToMessage(job, 'full'), created };
}

function submissionOf({ job, jobId, parentJobId, agentId }: SubmitJobRequest): Submission {
  if (job === undefined) throw invalidArgument([{ field: 'job', description: 'is required' }]);
  const request = jobRequestFromMessage(job);
  const parentId = parentJobId === '' ? null : parentJobId;
  return { jobId, request, parentId, agentId: agentId === '' ? null : agentId };
}

async function resolve(
  { admission, matcher }: JobHandlerOptions,
  request: ResolveJobRequest,
): Promise<MessageInitShape<typeof ResolveJobResponseSchema>> {
  const asked = jobRequestFromMessage(request.job);
  admission.checkRequest('', asked);
  const outcome = await matcher.resolve(asked);
  const commands = matcher.explain(asked).slice(0, MOST_MATCHES);
  const chosen = outcome.kind === 'matched' ? outcome.resolution : null;
  return {
    matched: chosen !== null,
    ...(chosen === null
      ? {}
      : {
          command: referenceOf(chosen.command),
          cluster: referenceOf(chosen.cluster),
          applications: chosen.applications.map(referenceOf),
          memoryMb: chosen.memoryMb,
        }),
    commands: commands.map((each) => ({
      command: referenceOf(each.command),
      matched: each.matched,
      clusters: each.clusters.map(referenceOf),
      reasons: [...each.reasons],
    })),
  };
}

/** Records the kill, then has it delivered. A kill that was recorded before is delivered again. */
async function kill({ jobs, kills, clock }: JobHandlerOptions, request: KillJobRequest): Promise<Job> {
  const violations = (['reason', 'user'] as const)
    .filter((field) => request[field].length > LONGEST_LABEL)
    .map((field) => ({ field, description: `must have at most ${String(LONGEST_LABEL)} characters` }));
  if (violations.length > 0) throw invalidArgument(violations);
  const actor = request.user === '' ? 'user:unknown' : `user:${request.user}`;
  const wish = { actor, reason: request.reason };
  const decided = await jobs.decide(request.jobId, (job) => requestKill(job, { ...wish, now: clock.now() }));
  if (decided === null) throw jobNotFound(request.jobId);
  if (decided.job.claim !== null) kills.deliver(decided.job);
  return decided.job;
}
