/** Files of jobs, read through the worker that has them, or from the archive. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ArchivePlace } from '../../../core/archive/archive-status.js';
import type { ArchivedFile } from '../../../core/archive/manifest.js';
import { invalidArgument, isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type { Attempt, Job } from '../../../core/job/job.js';
import { isTerminal } from '../../../core/job/status.js';
import { decodePageToken, encodePageToken } from '../../../core/listing/page-token.js';
import type { Clock } from '../../../core/ports/clock.js';
import type {
  JobFileSchema,
  ListJobFilesRequest,
  ListJobFilesResponseSchema,
  ReadJobFileRequest,
  ReadJobFileResponseSchema,
} from '../../../proto/gen/marid/v1/job_service_pb.js';
import { toTimestamp } from '../../../proto/codec/index.js';
import type { ArchiveReader } from '../archive/archive-reader.js';
import { nodeError, type NodeDirectory } from '../fleet/node-directory.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { JobSignals } from '../jobs/job-signals.js';
import { limitOf, positionViolation } from '../paging.js';

const READ_AGAIN_MS = 3000;
const LIST_TIMEOUT_MS = 15_000;
/** Largest page of files, by the contract. */
const MOST_FILES = 10_000;

/** A part of the files of an attempt. */
interface FilesPart {
  readonly jobId: string;
  readonly folder: string;
  /** Only paths that sort behind it. */
  readonly after: string;
  readonly limit: number;
}

interface ListedPart {
  readonly files: readonly (MessageInitShape<typeof JobFileSchema> & { readonly path: string })[];
  readonly more: boolean;
  readonly truncated: boolean;
}

/** Options of `JobFiles`. */
export interface JobFilesOptions {
  readonly jobs: JobRepository;
  readonly signals: JobSignals;
  readonly nodes: NodeDirectory;
  readonly archives: ArchiveReader;
  readonly clock: Clock;
}

/**
 * Proxies to the workers; what a worker has not any more, or cannot be asked for, comes from the archive once that is complete. `NO_OUTPUT` when the job never had an
 * attempt, `WORKER_UNREACHABLE` when its worker is gone and there is no archive.
 */
export class JobFiles {
  constructor(private readonly options: JobFilesOptions) {}

  /** Lists the files of an attempt. */
  async list(
    request: ListJobFilesRequest,
    signal: AbortSignal,
  ): Promise<MessageInitShape<typeof ListJobFilesResponseSchema>> {
    checkNumbers(request.attempt);
    const limit = limitOf(request.pageSize, MOST_FILES, MOST_FILES);
    const fingerprint = JSON.stringify([request.jobId, request.attempt, request.folder]);
    const start = request.pageToken === '' ? null : decodeStart(request.pageToken, fingerprint);
    const attempt = attemptOf(await this.options.jobs.require(request.jobId), start?.attempt ?? request.attempt);
    const part = { folder: request.folder, after: start?.path ?? '', limit };
    const { files, more, truncated } = await this.listPart(attempt, { ...part, jobId: request.jobId }, signal);
    const position = [files.at(-1)?.path ?? '', attempt.number];
    return { files: [...files], truncated, nextPageToken: more ? encodePageToken({ position, fingerprint }) : '' };
  }

  private async listPart(attempt: Attempt, { jobId, ...part }: FilesPart, signal: AbortSignal): Promise<ListedPart> {
    try {
      const client = await this.options.nodes.clientOf(attempt.workerId);
      const { folder, after, limit: pageSize } = part;
      const call = { attempt: { jobId, attempt: attempt.number }, folder, after, pageSize };
      return await client.listNodeFiles(call, { signal, timeoutMs: LIST_TIMEOUT_MS });
    } catch (error) {
      const { files, more } = await this.options.archives.list(placeFor(attempt, error), part);
      return { files: files.map(fileToMessage), more, truncated: more };
    }
  }

  /** Streams a file of an attempt; with `follow`, first waits for the attempt's program to start. */
  async *read(
    request: ReadJobFileRequest,
    signal: AbortSignal,
  ): AsyncGenerator<MessageInitShape<typeof ReadJobFileResponseSchema>> {
    checkNumbers(request.attempt, request.limit);
    if (request.path === '') throw invalidArgument([{ field: 'path', description: 'is required' }]);
    const job = request.follow ? await this.started(request, signal) : await this.options.jobs.require(request.jobId);
    if (job === null) return; // the caller is gone
    const attempt = attemptOf(job, request.attempt);
    const { path, offset, limit, follow } = request;
    let begun = false;
    try {
      const client = await this.options.nodes.clientOf(attempt.workerId);
      const reference = { jobId: job.id, attempt: attempt.number };
      const parts = client.readNodeFile({ attempt: reference, path, offset, limit, follow }, { signal });
      for await (const part of parts) {
        begun = true;
        yield { offset: part.offset, data: part.data };
      }
      return;
    } catch (error) {
      if (begun) throw nodeError(error, attempt.workerId);
      const range = { path, offset: Number(offset), limit: Number(limit) };
      const pieces = this.options.archives.read(placeFor(attempt, error), range);
      for await (const piece of pieces) yield { offset: BigInt(piece.offset), data: piece.data };
    }
  }

  /** The job once the asked attempt runs or has ended; `null` when `signal` aborted before. */
  private async started(request: ReadJobFileRequest, signal: AbortSignal): Promise<Job | null> {
    const waiter = this.options.signals.waiter(request.jobId);
    try {
      while (!signal.aborted) {
        const job = await this.options.jobs.require(request.jobId);
        if (hasStarted(job, request.attempt)) return job;
        await waiter.next({ clock: this.options.clock, waitMs: READ_AGAIN_MS, signal });
      }
      return null;
    } finally {
      waiter.close();
    }
  }
}

/** Where the archive lies when the worker could not give an answer; throws what that means when there is none. */
function placeFor({ workerId, archive }: Attempt, failure: unknown): ArchivePlace {
  const error = nodeError(failure, workerId);
  const isAway = isMaridError(error) && (error.code === 'WORKER_UNREACHABLE' || error.code === 'NOT_FOUND');
  if (!isAway || archive?.place === undefined) throw error;
  return archive.place;
}

/** Behind which path of which attempt a page starts: the latest attempt may be another one by then. */
function decodeStart(token: string, fingerprint: string): { readonly path: string; readonly attempt: number } {
  const [path, attempt] = decodePageToken(token, fingerprint);
  if (typeof path !== 'string' || typeof attempt !== 'number') throw positionViolation();
  return { path, attempt };
}

function hasStarted(job: Job, number: number): boolean {
  if (isTerminal(job.status)) return true;
  if (number !== 0 && number < job.attempt) return true;
  return job.status === 'RUNNING' && number <= job.attempt;
}

function attemptOf(job: Job, number: number): Attempt {
  const facts = { job_id: job.id };
  const latest = job.attempts.at(-1);
  if (latest === undefined) {
    const why = isTerminal(job.status) ? 'it ended before a worker took it' : 'no worker has taken it yet';
    throw new MaridError('NO_OUTPUT', `Job ${job.id} has no output: ${why}.`, { facts });
  }
  const attempt = number === 0 ? latest : job.attempts.find((each) => each.number === number);
  if (attempt !== undefined) return attempt;
  const message = `Job ${job.id} has no attempt ${String(number)}; the latest is ${String(latest.number)}.`;
  throw new MaridError('NOT_FOUND', message, { facts });
}

function checkNumbers(attempt: number, limit = 0n): void {
  const violations = [];
  if (attempt < 0) violations.push({ field: 'attempt', description: 'must be 1 or more, or 0 for the latest' });
  if (limit < 0n) violations.push({ field: 'limit', description: 'must be 1 or more, or 0 for no limit' });
  if (violations.length > 0) throw invalidArgument(violations);
}

function fileToMessage({ path, sizeBytes, modifiedAt }: ArchivedFile): ListedPart['files'][number] {
  return { path, sizeBytes: BigInt(sizeBytes), modifyTime: toTimestamp(modifiedAt) };
}
