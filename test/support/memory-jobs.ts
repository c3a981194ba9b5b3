/** A JobService in memory for tests of clients: jobs are moved by the test, and streams break when it says so. */
import { EventEmitter, once } from 'node:events';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { invalidArgument, isMaridError, MaridError } from '../../core/errors/marid-error.js';
import {
  ExitResultSchema,
  JobSchema,
  JobStatus,
  TransitionSchema,
  type ExitResult,
  type Job,
  type JobRequest,
} from '../../proto/gen/marid/v1/job_pb.js';
import type {
  JobService,
  ReadJobFileRequest,
  SubmitJobRequest,
  SubmitJobsRequest,
  SubmitJobsResponseSchema,
  WatchJobsRequest,
} from '../../proto/gen/marid/v1/job_service_pb.js';
import { errorToStatus } from '../../proto/rpc/error-details.js';
import type { CallContext, ServiceHandlers } from '../../proto/rpc/service.js';

/** First time of every test, milliseconds since the epoch: 2027-01-15T08:00:00Z. */
export const START_MS = 1_800_000_000_000;

/** How a job ends. */
export interface Ending {
  readonly status: JobStatus;
  readonly result?: MessageInitShape<typeof ExitResultSchema>;
  readonly message?: string;
}

interface StoredJob {
  readonly job: Job;
  readonly files: Map<string, string>;
}

/** The state of the service, and its handlers. */
export class MemoryJobs {
  /** Every id that SubmitJob was called with, repeated calls included. */
  readonly submittedIds: string[] = [];
  /** Offsets or tokens with which streams were opened. */
  readonly opened: string[] = [];
  /** Submits that are stored but answered with UNAVAILABLE. */
  lostAnswers = 0;
  /** Items after which each stream breaks with UNAVAILABLE. */
  breakAfter = Number.POSITIVE_INFINITY;
  /** Streams that end without an error where they would break. */
  breakQuietly = false;
  /** Bytes of each piece of a file. */
  pieceBytes = 5;
  /** Whether a job goes on although its end was asked for. */
  killsInVain = false;
  /** Called with each new job's id. */
  onSubmit: (id: string) => void = () => undefined;

  private readonly stored = new Map<string, StoredJob>();
  private readonly events = new EventEmitter().setMaxListeners(0);
  private nowMs = START_MS;

  /** Adds an ACCEPTED job. */
  add(id: string, request: JobRequest): Job {
    const time = this.tick();
    const fields = { id, request, createTime: time, updateTime: time, memoryMb: 100, etag: '1' };
    const chosen = { cluster: { id: 'prod', name: 'prod' }, command: { id: 'spark', name: 'spark' } };
    this.stored.set(id, { job: create(JobSchema, { ...fields, ...chosen }), files: new Map() });
    this.step(id, JobStatus.ACCEPTED, { reason: 'MATCHED', message: 'spark on prod' });
    return this.get(id);
  }

  /** The job. NOT_FOUND without one. */
  get(id: string): Job {
    return this.find(id).job;
  }

  /** Makes a transition. */
  step(id: string, to: JobStatus, told: { readonly reason?: string; readonly message?: string } = {}): void {
    const { job } = this.find(id);
    const transition = create(TransitionSchema, {
      sequence: BigInt(job.history.length + 1),
      time: this.tick(),
      from: job.status,
      to,
      attempt: job.attempt,
      actor: 'control-plane',
      ...told,
    });
    job.history.push(transition);
    Object.assign(job, { status: to, reason: transition.reason, message: transition.message });
    this.events.emit('change');
  }

  /** Starts an attempt: CLAIMED, then RUNNING. */
  start(id: string): void {
    const { job, files } = this.find(id);
    job.attempt += 1;
    job.workerId = 'worker-1';
    this.step(id, JobStatus.CLAIMED, { reason: 'CLAIMED' });
    files.set('stdout', '').set('stderr', '');
    job.startTime = this.tick();
    this.step(id, JobStatus.RUNNING, { reason: 'STARTED' });
  }

  /** Appends to a file. */
  write(id: string, path: string, text: string): void {
    const { files } = this.find(id);
    files.set(path, (files.get(path) ?? '') + text);
    this.events.emit('change');
  }

  /** Ends the job. */
  end(id: string, ending: Ending): void {
    const { job } = this.find(id);
    job.endTime = this.tick();
    if (ending.result !== undefined) job.result = create(ExitResultSchema, ending.result);
    this.step(id, ending.status, { reason: 'ENDED', message: ending.message ?? '' });
  }

  /** The service. */
  get handlers(): ServiceHandlers<typeof JobService> {
    return {
      submitJob: async (request) => this.submit(request),
      submitJobs: (requests) => this.submitMany(requests),
      retryJob: async ({ jobId, newJobId }) => {
        const { request, status } = this.get(jobId);
        if (status !== JobStatus.FAILED) throw new MaridError('NOT_FAILED', `Job ${jobId} cannot be retried.`);
        const created = !this.stored.has(newJobId);
        if (created && request !== undefined) this.add(newJobId, request).parentJobId = jobId;
        return { job: this.get(newJobId), created };
      },
      resolveJob: async ({ job }) => this.resolve(job),
      getJob: async ({ jobId }) => ({ job: this.get(jobId) }),
      listJobs: async ({ filter, pageSize, pageToken }) => {
        const wanted = [...this.stored.values()]
          .map(({ job }) => job)
          .filter(
            (job) => filter === undefined || filter.statuses.length === 0 || filter.statuses.includes(job.status),
          );
        const from = Number(pageToken === '' ? '0' : pageToken);
        const next = from + pageSize;
        return { jobs: wanted.slice(from, next), nextPageToken: next < wanted.length ? String(next) : '' };
      },
      killJob: async ({ jobId, reason }) => {
        const job = this.get(jobId);
        if (job.endTime === undefined && !this.killsInVain) {
          this.end(jobId, { status: JobStatus.KILLED, result: { signal: 'SIGTERM' }, message: reason });
        }
        return { job };
      },
      watchJobs: (request, context) => this.watch(request, context),
      explainJob: async ({ jobId }) => ({
        status: this.get(jobId).status,
        summary: 'It waits.',
        details: ['spark matched.', 'No worker has room.'],
      }),
      listJobFiles: async ({ jobId }) => ({
        files: [...this.find(jobId).files].map(([path, text]) => ({ path, sizeBytes: BigInt(text.length) })),
      }),
      readJobFile: (request, context) => this.read(request, context),
    };
  }

  private submit({ jobId, job, parentJobId }: SubmitJobRequest): { job: Job; created: boolean } {
    this.submittedIds.push(jobId);
    if (job?.user === 'nobody') throw invalidArgument([{ field: 'job.user', description: 'is nobody' }]);
    const created = !this.stored.has(jobId);
    if (created && job !== undefined) {
      this.add(jobId, job).parentJobId = parentJobId;
      this.onSubmit(jobId);
    }
    this.lostAnswers -= 1;
    if (this.lostAnswers >= 0) throw new MaridError('UNAVAILABLE', 'The answer is lost.');
    return { job: this.get(jobId), created };
  }

  private async *submitMany(
    requests: AsyncIterable<SubmitJobsRequest>,
  ): AsyncGenerator<MessageInitShape<typeof SubmitJobsResponseSchema>> {
    let sent = 0;
    for await (const { submit } of requests) {
      if (submit === undefined) continue;
      if (sent === this.breakAfter) return this.break();
      sent += 1;
      try {
        const { job, created } = this.submit(submit);
        yield { outcome: { case: 'accepted', value: { jobId: job.id, created } } };
      } catch (error) {
        if (!isMaridError(error)) throw error;
        yield { outcome: { case: 'refused', value: errorToStatus(error) } };
      }
    }
  }

  private resolve(job: JobRequest | undefined): { matched: boolean; command?: { id: string; name: string } } {
    const matched = job?.commandCriterion?.tags.includes('spark') === true;
    return matched ? { matched, command: { id: 'spark', name: 'spark' } } : { matched };
  }

  private async *watch(
    { jobId, resumeToken }: WatchJobsRequest,
    { signal }: CallContext,
  ): AsyncGenerator<{ jobId: string; transition: Job['history'][number]; resumeToken: string; result?: ExitResult }> {
    this.opened.push(`watch ${resumeToken}`);
    const { job } = this.find(jobId);
    let sent = 0;
    for (let next = Number(resumeToken === '' ? '0' : resumeToken); ; next += 1) {
      while (job.history.length <= next) {
        if (job.endTime !== undefined) return;
        await once(this.events, 'change', { signal });
      }
      if (sent === this.breakAfter) return this.break();
      const transition = job.history[next];
      if (transition === undefined) return;
      yield {
        jobId,
        transition,
        resumeToken: String(next + 1),
        ...(job.result === undefined ? {} : { result: job.result }),
      };
      sent += 1;
    }
  }

  private async *read(
    { jobId, path, offset, limit, follow }: ReadJobFileRequest,
    { signal }: CallContext,
  ): AsyncGenerator<{ offset: bigint; data: Uint8Array }> {
    this.opened.push(`${path} ${offset}`);
    const { job, files } = this.find(jobId);
    if (files.get(path) === undefined) throw new MaridError('NO_OUTPUT', `Job ${jobId} has no ${path}.`);
    const size = Buffer.byteLength(files.get(path) ?? '');
    let at = Number(offset) < 0 ? Math.max(0, size + Number(offset)) : Number(offset);
    const stop = limit === 0n ? Number.POSITIVE_INFINITY : at + Number(limit);
    for (let sent = 0; at < stop; sent += 1) {
      const bytes = Buffer.from(files.get(path) ?? '');
      if (at >= bytes.length && (!follow || job.endTime !== undefined)) return;
      if (at >= bytes.length) await once(this.events, 'change', { signal });
      else if (sent >= this.breakAfter) return this.break();
      else {
        const data = bytes.subarray(at, Math.min(at + this.pieceBytes, stop));
        yield { offset: BigInt(at), data };
        at += data.length;
      }
    }
  }

  private break(): void {
    if (!this.breakQuietly) throw new MaridError('UNAVAILABLE', 'The server is stopping.');
  }

  private find(id: string): StoredJob {
    const found = this.stored.get(id);
    if (found === undefined) throw new MaridError('NOT_FOUND', `There is no job ${id}.`);
    return found;
  }

  private tick(): ReturnType<typeof timestampFromMs> {
    this.nowMs += 1_000;
    return timestampFromMs(this.nowMs);
  }
}
