/** The client of a Marid control plane: every call typed, every stream resumed. */
import { clone, create, type MessageInitShape } from '@bufbuild/protobuf';
import type { MaridError } from '../core/errors/marid-error.js';
import type { Clock } from '../core/ports/clock.js';
import type { Logger } from '../core/ports/logger.js';
import type { Random } from '../core/ports/random.js';
import { connectServers } from '../infra/rpc/failover-channel.js';
import { SystemClock } from '../infra/runtime/system-clock.js';
import { SystemRandom } from '../infra/runtime/system-random.js';
import { ApplicationService } from '../proto/gen/marid/v1/application_service_pb.js';
import { AttachmentService } from '../proto/gen/marid/v1/attachment_service_pb.js';
import { ClusterService } from '../proto/gen/marid/v1/cluster_service_pb.js';
import { CommandService } from '../proto/gen/marid/v1/command_service_pb.js';
import { FleetService } from '../proto/gen/marid/v1/fleet_service_pb.js';
import { JobRequestSchema, type AttachmentSchema, type Job, type JobRequest } from '../proto/gen/marid/v1/job_pb.js';
import {
  JobService,
  type ExplainJobResponse,
  type JobFilterSchema,
  type ListJobFilesResponse,
  type ReadJobFileResponse,
  type ResolveJobResponse,
  type WatchJobsResponse,
} from '../proto/gen/marid/v1/job_service_pb.js';
import type { ServiceClient } from '../proto/rpc/service.js';
import { uploadFile, type AttachOptions } from './attachments.js';
import { timedOutput, type TimedOutputOptions } from './timed-output.js';
import type { TimedLine } from './timed-lines.js';
import { followFile, readPieces, type FollowOptions, type ReadOptions } from './files.js';
import { allPages } from './pages.js';
import { callOptions, retryCall } from './retry.js';
import type { ClientRuntime } from './runtime.js';
import { submitAll, type SubmitItem, type SubmitOutcome } from './submit-all.js';
import { present, waitForJob, watchAllJobs, watchJob, type WaitOptions, type WatchOptions } from './watch.js';

/** Options of `MaridClient.connect`. */
export interface ConnectOptions {
  /** `host:port` of a control plane; of several, with commas between them: it begins with any and goes on to the next when one fails. */
  readonly address: string;
  /** Milliseconds that a call may take, with all its tries. Default: 30,000. */
  readonly timeoutMs?: number;
  /** Milliseconds that a broken stream tries to come back once the server has answered. Default: 600,000. */
  readonly outageMs?: number;
  /** Told of each failure that is tried again. Default: nobody. */
  readonly onRetry?: (error: MaridError) => void;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the machine's. */
  readonly random?: Random;
  /** Log of the connection. Default: none. */
  readonly logger?: Logger;
}

/** Options of one call. */
export interface CallLimits {
  /** Milliseconds until it fails with DEADLINE_EXCEEDED, all tries together. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Cancels it. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `listFiles`. */
export interface ListFilesOptions extends CallLimits {
  /** Attempt, from 1. Default: the latest. */
  readonly attempt?: number | undefined;
  /** Only files below this folder. Default: all. */
  readonly folder?: string | undefined;
  /** Most files, 1 to 10,000. Default: 10,000. */
  readonly pageSize?: number | undefined;
  /** `nextPageToken` of the page before. Default: the first page. */
  readonly pageToken?: string | undefined;
}

/** Options of a call that makes a job. */
export interface SubmitOptions extends CallLimits {
  /** Id of the new job, which makes the call safe to repeat. Default: a new one. */
  readonly id?: string | undefined;
}

/** The service clients below the client's methods, for everything that these do not cover. */
interface RawClients {
  readonly applications: ServiceClient<typeof ApplicationService>;
  readonly attachments: ServiceClient<typeof AttachmentService>;
  readonly commands: ServiceClient<typeof CommandService>;
  readonly clusters: ServiceClient<typeof ClusterService>;
  readonly jobs: ServiceClient<typeof JobService>;
  readonly fleet: ServiceClient<typeof FleetService>;
}

/**
 * Open from `connect` until `close`, which is the one way out; broken connections are reopened by themselves. Failed calls reject with
 * `MaridError`. Messages are the generated ones; requests may be plain objects.
 */
export class MaridClient implements RawClients {
  readonly applications: ServiceClient<typeof ApplicationService>;
  readonly attachments: ServiceClient<typeof AttachmentService>;
  readonly commands: ServiceClient<typeof CommandService>;
  readonly clusters: ServiceClient<typeof ClusterService>;
  readonly jobs: ServiceClient<typeof JobService>;
  readonly fleet: ServiceClient<typeof FleetService>;

  private constructor(
    private readonly runtime: ClientRuntime,
    clients: RawClients,
    private readonly end: () => Promise<void>,
  ) {
    this.applications = clients.applications;
    this.attachments = clients.attachments;
    this.commands = clients.commands;
    this.clusters = clients.clusters;
    this.jobs = clients.jobs;
    this.fleet = clients.fleet;
  }

  /** Makes a client. It connects with its first call, so an address where nobody answers shows there, as UNAVAILABLE. */
  static connect(options: ConnectOptions): MaridClient {
    const { address, logger } = options;
    const random = options.random ?? new SystemRandom();
    const channel = connectServers({ address, random, ...(logger === undefined ? {} : { logger }) });
    const runtime = {
      clock: options.clock ?? new SystemClock(),
      random,
      timeoutMs: options.timeoutMs ?? 30_000,
      outageMs: options.outageMs ?? 600_000,
      onRetry: options.onRetry ?? (() => undefined),
    };
    const clients = {
      applications: channel.client(ApplicationService),
      attachments: channel.client(AttachmentService),
      commands: channel.client(CommandService),
      clusters: channel.client(ClusterService),
      jobs: channel.client(JobService),
      fleet: channel.client(FleetService),
    };
    return new MaridClient(runtime, clients, () => channel.close());
  }

  /**
   * Submits a job; when it resolves, the job is durable and will run. Tried again with the same id while the server does not answer, so one
   * call makes one job. Without `id` it gets a new one.
   */
  async submit(
    request: MessageInitShape<typeof JobRequestSchema>,
    options: SubmitOptions & {
      /** Job that this one is a copy of, kept as a link. Default: none. */
      readonly parentId?: string | undefined;
      /** Agent that alone may claim it: a worker that the caller itself runs. Default: a worker of the pool. */
      readonly agentId?: string | undefined;
    } = {},
  ): Promise<Job> {
    const { id: jobId = this.runtime.random.id(), parentId: parentJobId = '', agentId = '' } = options;
    const wanted = { jobId, job: request, parentJobId, agentId };
    const { job } = await this.retry(options, (call) => this.jobs.submitJob(wanted, call));
    return present(job, 'SubmitJob');
  }

  /**
   * Submits many jobs over one stream, as fast as the server takes them: what became of each, in their order; a refused one does not end the rest. Repeated as `submit`, over any number of broken
   * connections. When what makes the items throws, so does this, behind the answers to those before.
   */
  submitAll<T extends SubmitItem>(
    items: AsyncIterable<T> | Iterable<T>,
    options: {
      /** Ends it: throws CANCELLED. Items without an answer may have been accepted. Default: none. */
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): AsyncIterable<SubmitOutcome<T>> {
    return submitAll({ runtime: this.runtime, jobs: this.jobs }, items, options);
  }

  /** Submits a job that FAILED or was KILLED again, as a new job; NOT_FAILED for any other. Safe and repeated as `submit`. */
  async retryJob(id: string, options: SubmitOptions = {}): Promise<Job> {
    const wanted = { jobId: id, newJobId: options.id ?? this.runtime.random.id() };
    const { job } = await this.retry(options, (call) => this.jobs.retryJob(wanted, call));
    return present(job, 'RetryJob');
  }

  /** Submits the request of a job again, as `edit` changes it. A name that was only the job's id becomes the new one's. Repeated as `submit`. */
  async cloneJob(id: string, edit: (request: JobRequest) => void, options: SubmitOptions = {}): Promise<Job> {
    const { request } = await this.get(id, options);
    const copy = request === undefined ? create(JobRequestSchema) : clone(JobRequestSchema, request);
    if (copy.name === id) copy.name = '';
    edit(copy);
    return this.submit(copy, { ...options, parentId: id });
  }

  /** Uploads a file for jobs, unless its content is there already; the attachment to put into a request. It goes on where it broke. */
  attach(path: string, options: AttachOptions = {}): Promise<MessageInitShape<typeof AttachmentSchema>> {
    return uploadFile({ runtime: this.runtime, attachments: this.attachments }, path, options);
  }

  /** What a submit of the same request would choose, and why the rest did not match. */
  async resolve(
    request: MessageInitShape<typeof JobRequestSchema>,
    options: CallLimits = {},
  ): Promise<ResolveJobResponse> {
    return this.jobs.resolveJob({ job: request }, this.once(options));
  }

  /** One job. NOT_FOUND when there is none with the id. */
  async get(id: string, options: CallLimits = {}): Promise<Job> {
    const { job } = await this.jobs.getJob({ jobId: id }, this.once(options));
    return present(job, 'GetJob');
  }

  /** Jobs that pass the filter, newest first, over all pages. */
  list(
    filter: MessageInitShape<typeof JobFilterSchema> = {},
    options: CallLimits & {
      /** `create_time desc` (default) or `create_time asc`. */
      readonly orderBy?: string | undefined;
      /** Most jobs. Default: all. */
      readonly limit?: number | undefined;
      /** Jobs a page, 1 to 1,000. Default: 100. */
      readonly pageSize?: number | undefined;
    } = {},
  ): AsyncIterable<Job> {
    const fetch = async (page: { readonly pageToken: string; readonly pageSize: number }) => {
      const request = { filter, orderBy: options.orderBy ?? '', ...page };
      const { jobs, nextPageToken } = await this.jobs.listJobs(request, this.once(options));
      return { items: jobs, nextPageToken };
    };
    return allPages(fetch, { pageSize: options.pageSize ?? 100, limit: options.limit });
  }

  /** Asks for the end of a job; a job that has ended stays as it is. Tried again while the server does not answer. */
  async kill(
    id: string,
    options: CallLimits & { readonly reason?: string | undefined; readonly user?: string | undefined } = {},
  ): Promise<Job> {
    const request = { jobId: id, reason: options.reason ?? '', user: options.user ?? '' };
    const { job } = await this.retry(options, (call) => this.jobs.killJob(request, call));
    return present(job, 'KillJob');
  }

  /** Why a job is where it is. */
  async explain(id: string, options: CallLimits = {}): Promise<ExplainJobResponse> {
    return this.jobs.explainJob({ jobId: id }, this.once(options));
  }

  /** Resolves with the job once it has ended, watching and never polling; DEADLINE_EXCEEDED after `timeoutMs`. */
  wait(id: string, options: WaitOptions = {}): Promise<Job> {
    return waitForJob(this.watchContext(), id, options);
  }

  /** Transitions of a job from its first to its last, resumed without gap or repetition. */
  watch(id: string, options: WatchOptions = {}): AsyncIterable<WatchJobsResponse> {
    return watchJob(this.watchContext(), id, options);
  }

  /** Transitions of all jobs from now on, resumed without gap or repetition. */
  watchAll(options: WatchOptions = {}): AsyncIterable<WatchJobsResponse> {
    return watchAllJobs(this.watchContext(), options);
  }

  /** A job's output as it grows, until the job has ended; waits for a job that has not started. */
  follow(id: string, stream: 'stdout' | 'stderr', options: FollowOptions = {}): AsyncIterable<Uint8Array> {
    return followFile(this.watchContext(), { jobId: id, path: stream }, options);
  }

  /** A file of a job's directory as it is now. */
  async *readFile(id: string, path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of this.readPieces(id, path, options)) yield piece.data;
  }

  /** As `readFile`, each piece with its offset. */
  readPieces(id: string, path: string, options: ReadOptions = {}): AsyncIterable<ReadJobFileResponse> {
    return readPieces(this.watchContext(), { jobId: id, path }, options);
  }

  /** Lines of output with the times when they were written, some at a time, for a job that was submitted with `recordOutputTimes`; else `NOT_FOUND`. */
  timedOutput(id: string, options: TimedOutputOptions = {}): AsyncIterable<readonly TimedLine[]> {
    return timedOutput(this.watchContext(), id, options);
  }

  /** Files of a job's directory: the first page, at most 10,000, or the one of `pageToken`. */
  async listFiles(id: string, options: ListFilesOptions = {}): Promise<ListJobFilesResponse> {
    const { attempt = 0, folder = '', pageSize = 0, pageToken = '' } = options;
    const request = { jobId: id, attempt, folder, pageSize, pageToken };
    return this.jobs.listJobFiles(request, this.once(options));
  }

  /** Ends the connection and what still runs over it; idempotent. */
  close(): Promise<void> {
    return this.end();
  }

  private once(options: CallLimits): ReturnType<typeof callOptions> {
    return callOptions(options.timeoutMs ?? this.runtime.timeoutMs, options.signal);
  }

  private retry<T>(options: CallLimits, call: Parameters<typeof retryCall<T>>[0]['call']): Promise<T> {
    return retryCall({ runtime: this.runtime, call, timeoutMs: options.timeoutMs, signal: options.signal });
  }

  private watchContext(): { runtime: ClientRuntime } & RawClients {
    return { runtime: this.runtime, ...this.rawClients() };
  }

  private rawClients(): RawClients {
    const { applications, attachments, commands, clusters, jobs, fleet } = this;
    return { applications, attachments, commands, clusters, jobs, fleet };
  }
}
