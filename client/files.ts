/** Files of jobs, while they grow and afterwards, over any number of connections. */
import { isMaridError } from '../core/errors/marid-error.js';
import type { Job } from '../proto/gen/marid/v1/job_pb.js';
import type { ReadJobFileResponse } from '../proto/gen/marid/v1/job_service_pb.js';
import { callOptions, retryCall } from './retry.js';
import { resumeStream } from './resume.js';
import { isTerminalStatus, present, watchJob, type WatchContext } from './watch.js';

/** Options of `readPieces`. */
export interface ReadOptions {
  /** Attempt, from 1. Default: the latest. */
  readonly attempt?: number | undefined;
  /** First byte. Negative: that many bytes before the end. Default: 0. */
  readonly offset?: number | undefined;
  /** Most bytes. Default: to the end. */
  readonly limit?: number | undefined;
  /** Ends it: throws CANCELLED. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `followFile`. */
export interface FollowOptions {
  /** Only this attempt, from 1. Default: the latest when it is called, and those that come after it. */
  readonly attempt?: number | undefined;
  /** This attempt, from 1, and those that come after it. Default: as `attempt`. */
  readonly fromAttempt?: number | undefined;
  /** First byte of the first attempt that is followed. Negative: that many bytes before the end. Default: 0. */
  readonly offset?: number | undefined;
  /** Ends it: throws CANCELLED. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Where the next byte is. */
interface Cursor {
  offset: bigint;
  left: bigint | null;
}

/** The pieces of a file as it is now, in order, without gap or repetition. */
export function readPieces(
  context: WatchContext,
  file: { readonly jobId: string; readonly path: string },
  options: ReadOptions = {},
): AsyncIterable<ReadJobFileResponse> {
  const cursor: Cursor = { offset: BigInt(options.offset ?? 0), left: readLimit(options.limit) };
  const request = { ...file, attempt: options.attempt ?? 0 };
  return resumeStream({
    runtime: context.runtime,
    signal: options.signal,
    open: () =>
      cursor.left === 0n
        ? nothing()
        : context.jobs.readJobFile(
            { ...request, offset: cursor.offset, limit: cursor.left ?? 0n },
            callOptions(undefined, options.signal),
          ),
    advance: (piece) => {
      advance(cursor, piece);
    },
    ended: () => Promise.resolve(true),
    probe: () => getJob(context, file.jobId, options.signal),
  });
}

/** What is in a file and what is appended to it until its attempt, or without `attempt` the job, has ended. */
export async function* followFile(
  context: WatchContext,
  file: { readonly jobId: string; readonly path: string },
  options: FollowOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = options.offset ?? 0;
  for await (const attempt of followedAttempts(context, file.jobId, options)) {
    for await (const piece of followAttempt(context, { ...file, attempt, offset }, options.signal)) yield piece.data;
    offset = 0;
  }
}

/** The attempts that are to be followed, each as soon as it is known; the next is waited for when the consumer comes back. */
export async function* followedAttempts(
  context: WatchContext,
  jobId: string,
  options: FollowOptions,
): AsyncGenerator<number, void, undefined> {
  const { signal } = options;
  let attempt = options.attempt ?? options.fromAttempt ?? (await startedAttempt(context, jobId, 1, signal));
  while (attempt !== null) {
    yield attempt;
    if (options.attempt !== undefined) return;
    attempt = await startedAttempt(context, jobId, attempt + 1, signal);
  }
}

/** Follows one attempt. A clean end is believed only when the job says that the attempt is over. */
function followAttempt(
  context: WatchContext,
  file: { readonly jobId: string; readonly path: string; readonly attempt: number; readonly offset: number },
  signal: AbortSignal | undefined,
): AsyncIterable<ReadJobFileResponse> {
  const cursor: Cursor = { offset: BigInt(file.offset), left: null };
  const { jobId, path, attempt } = file;
  const { runtime } = context;
  let over = false;
  const look = async (): Promise<boolean> => {
    over = isAttemptOver(await getJob(context, jobId, signal), attempt);
    return over;
  };
  return resumeStream({
    runtime,
    signal,
    workerPatienceMs: () => (over ? runtime.timeoutMs : runtime.outageMs),
    open: () =>
      emptyIfNoOutput(
        context.jobs.readJobFile(
          { jobId, path, attempt, offset: cursor.offset, follow: true },
          callOptions(undefined, signal),
        ),
        cursor.offset > 0n,
      ),
    advance: (piece) => {
      advance(cursor, piece);
    },
    ended: look,
    probe: look,
  });
}

/** An attempt that failed before its program started has no output, and one that was read from may have removed it: that is an end, not an error. */
async function* emptyIfNoOutput(
  pieces: AsyncIterable<ReadJobFileResponse>,
  begun: boolean,
): AsyncGenerator<ReadJobFileResponse> {
  try {
    yield* pieces;
  } catch (error) {
    const gone = isMaridError(error) && (error.code === 'NO_OUTPUT' || (begun && error.code === 'NOT_FOUND'));
    if (!gone) throw error;
  }
}

/** The job's attempt once it is `least` or higher, waited for; `null` when the job has ended without it. */
async function startedAttempt(
  context: WatchContext,
  jobId: string,
  least: number,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  const { runtime } = context;
  const job = await retryCall({ runtime, signal, call: () => getJob(context, jobId, signal) });
  if (job.attempt >= least) return job.attempt;
  if (isTerminalStatus(job.status)) return null;
  for await (const { transition } of watchJob(context, jobId, { signal })) {
    if (transition !== undefined && transition.attempt >= least) return transition.attempt;
  }
  return null;
}

/** Whether an attempt has ended. */
export function isAttemptOver(job: Pick<Job, 'status' | 'attempt' | 'attempts'>, attempt: number): boolean {
  if (isTerminalStatus(job.status) || job.attempt > attempt) return true;
  return job.attempts.some((each) => each.number === attempt && each.endTime !== undefined);
}

async function getJob(context: WatchContext, jobId: string, signal: AbortSignal | undefined): Promise<Job> {
  const { job } = await context.jobs.getJob({ jobId }, callOptions(context.runtime.timeoutMs, signal));
  return present(job, 'GetJob');
}

function advance(cursor: Cursor, piece: ReadJobFileResponse): void {
  const size = BigInt(piece.data.byteLength);
  cursor.offset = piece.offset + size;
  if (cursor.left !== null) cursor.left = cursor.left > size ? cursor.left - size : 0n;
}

function readLimit(limit: number | undefined): bigint | null {
  return limit === undefined ? null : BigInt(limit);
}

async function* nothing(): AsyncGenerator<never, void, undefined> {
  // An exhausted limit: 0 would mean "to the end" on the wire.
}
