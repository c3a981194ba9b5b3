/** Transitions as they are committed, over any number of connections. */
import { LRUCache } from 'lru-cache';
import { MaridError } from '../core/errors/marid-error.js';
import { JobStatus, type Job } from '../proto/gen/marid/v1/job_pb.js';
import type { FleetService } from '../proto/gen/marid/v1/fleet_service_pb.js';
import type { JobService, WatchJobsResponse } from '../proto/gen/marid/v1/job_service_pb.js';
import type { ServiceClient } from '../proto/rpc/service.js';
import { callOptions, retryCall } from './retry.js';
import { resumeStream } from './resume.js';
import type { ClientRuntime } from './runtime.js';

/** What watching needs. */
export interface WatchContext {
  readonly runtime: ClientRuntime;
  readonly jobs: ServiceClient<typeof JobService>;
  readonly fleet: ServiceClient<typeof FleetService>;
}

/** Options of a watch. */
export interface WatchOptions {
  /** Token of the last item seen: goes on behind it. Default: a job's first transition; for all jobs, now. */
  readonly resumeToken?: string | undefined;
  /** Ends the iteration with an error. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Jobs whose last transition is remembered. */
const REMEMBERED_JOBS = 20_000;

const TERMINAL: ReadonlySet<JobStatus> = new Set([
  JobStatus.SUCCEEDED,
  JobStatus.FAILED,
  JobStatus.KILLED,
  JobStatus.INVALID,
]);

/** Whether a status never changes. */
export function isTerminalStatus(status: JobStatus): boolean {
  return TERMINAL.has(status);
}

/** Transitions of all jobs, without end. What the servers tell again, as they may after a crash or a resumption, is dropped. */
export async function* watchAllJobs(
  context: WatchContext,
  options: WatchOptions = {},
): AsyncGenerator<WatchJobsResponse, void, undefined> {
  const told = new LRUCache<string, bigint>({ max: REMEMBERED_JOBS });
  for await (const item of allTransitions(context, options)) {
    const sequence = item.transition?.sequence ?? 0n;
    if (sequence <= (told.get(item.jobId) ?? 0n)) continue;
    told.set(item.jobId, sequence);
    yield item;
  }
}

function allTransitions(context: WatchContext, options: WatchOptions): AsyncIterable<WatchJobsResponse> {
  let resumeToken = options.resumeToken ?? '';
  return resumeStream<WatchJobsResponse>({
    runtime: context.runtime,
    signal: options.signal,
    open: () => context.jobs.watchJobs({ resumeToken }, callOptions(undefined, options.signal)),
    advance: (item) => {
      resumeToken = item.resumeToken;
    },
    ended: () => Promise.resolve(false),
    probe: () => context.fleet.getServerInfo({}, callOptions(context.runtime.timeoutMs, options.signal)),
  });
}

/** Transitions of one job, ending after its last. */
export function watchJob(
  context: WatchContext,
  jobId: string,
  options: WatchOptions = {},
): AsyncIterable<WatchJobsResponse> {
  const end = new WatchEnd(context, jobId, options.signal);
  let resumeToken = options.resumeToken ?? '';
  return resumeStream<WatchJobsResponse>({
    runtime: context.runtime,
    signal: options.signal,
    open: () => context.jobs.watchJobs({ jobId, resumeToken }, callOptions(undefined, options.signal)),
    advance: (item) => {
      resumeToken = item.resumeToken;
      end.saw(item);
    },
    ended: () => end.reached(),
    probe: () => end.getJob(),
  });
}

/**
 * Tells the end of a job's transitions from a server that goes away: over when the terminal transition was seen, or when the job was known to
 * have ended and a stream opened after that had nothing more.
 */
class WatchEnd {
  private last: JobStatus = JobStatus.UNSPECIFIED;
  private quiet = true;
  private knownEnded = false;

  constructor(
    private readonly context: WatchContext,
    private readonly jobId: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  saw(item: WatchJobsResponse): void {
    this.last = item.transition?.to ?? JobStatus.UNSPECIFIED;
    this.quiet = false;
  }

  async reached(): Promise<boolean> {
    if (isTerminalStatus(this.last) || (this.knownEnded && this.quiet)) return true;
    this.knownEnded = isTerminalStatus((await this.getJob()).status);
    this.quiet = true;
    return false;
  }

  /** The job as it is now. */
  async getJob(): Promise<Job> {
    const { jobs, runtime } = this.context;
    const { job } = await jobs.getJob({ jobId: this.jobId }, callOptions(runtime.timeoutMs, this.signal));
    return present(job, 'GetJob');
  }
}

/** A message that the server always sets; its absence is a broken server. */
export function present<T>(message: T | undefined, method: string): T {
  if (message !== undefined) return message;
  throw new MaridError(
    'INTERNAL',
    `The answer of ${method} lacks its content: are client and server of the same version?`,
  );
}

/** Options of `waitForJob`. */
export interface WaitOptions {
  /** Milliseconds until it rejects with DEADLINE_EXCEEDED. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** Ends it: rejects with CANCELLED. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Waits until a job has ended, watching and never polling. */
export async function waitForJob(context: WatchContext, jobId: string, options: WaitOptions = {}): Promise<Job> {
  const { clock } = context.runtime;
  const expiry = new AbortController();
  const cancelTimer =
    options.timeoutMs === undefined
      ? null
      : clock.after(options.timeoutMs, () => {
          expiry.abort();
        });
  const signal = options.signal === undefined ? expiry.signal : AbortSignal.any([expiry.signal, options.signal]);
  let last = JobStatus.UNSPECIFIED;
  try {
    for await (const { transition } of watchJob(context, jobId, { signal })) last = transition?.to ?? last;
    const { runtime, jobs } = context;
    const { job } = await retryCall({ runtime, signal, call: (call) => jobs.getJob({ jobId }, call) });
    return present(job, 'GetJob');
  } catch (error) {
    if (!signal.aborted) throw error;
    throw stoppedWaiting(jobId, last, expiry.signal.aborted, error);
  } finally {
    cancelTimer?.();
  }
}

function stoppedWaiting(jobId: string, last: JobStatus, timedOut: boolean, cause: unknown): MaridError {
  const status = last === JobStatus.UNSPECIFIED ? 'not heard of yet' : `still ${JobStatus[last]}`;
  const facts = { job_id: jobId };
  return timedOut
    ? new MaridError('DEADLINE_EXCEEDED', `Job ${jobId} is ${status}; stopped waiting.`, { facts, cause })
    : new MaridError('CANCELLED', `Waiting for job ${jobId} was cancelled.`, { facts, cause });
}
