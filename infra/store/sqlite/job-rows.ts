/** How a job lies in its tables: columns to ask by, what never changes in `job_details`, the rest in `jobs.state`. */
import { MaridError } from '../../../core/errors/marid-error.js';
import { archivePendingSince } from '../../../core/job/archive.js';
import { deadlineBase } from '../../../core/job/deadline.js';
import type { Job } from '../../../core/job/job.js';
import { isTerminal } from '../../../core/job/status.js';
import { parseStored } from './documents.js';
import { numberAt, textAt, type SqlRow } from './sqlite-connection.js';

/** Parts of a job that never change after insert. */
type JobDetails = Pick<
  Job,
  | 'id'
  | 'createdAt'
  | 'parentId'
  | 'request'
  | 'requestHash'
  | 'resolution'
  | 'pool'
  | 'memoryMb'
  | 'timeoutMs'
  | 'maxAttempts'
>;

/** Everything else but the published sequence, which is raised without a new revision. */
type JobState = Omit<Job, keyof JobDetails | 'publishedSequence'>;

/** Columns that `decodeJobRow` reads, of `jobs AS j` joined with `job_details AS d`. */
export const JOB_COLUMNS = 'd.document, j.state, j.published_sequence';

/** JSON of what never changes. */
export function encodeDetails(job: Job): string {
  const { id, createdAt, parentId, request, requestHash, resolution, pool, memoryMb, timeoutMs, maxAttempts } = job;
  const details: JobDetails = {
    id,
    createdAt,
    parentId,
    request,
    requestHash,
    resolution,
    pool,
    memoryMb,
    timeoutMs,
    maxAttempts,
  };
  return JSON.stringify(details);
}

/** Columns of `jobs` that `replace` sets, in the order of `CHANGING_COLUMNS`. */
export function changingValues(job: Job): SqlRow {
  const deadline = deadlineBase(job);
  return [
    job.revision,
    job.status,
    isTerminal(job.status) ? 0 : 1,
    job.updatedAt,
    job.nextOfferAt,
    job.claim?.workerId ?? null,
    job.endedAt,
    deadline?.stage ?? null,
    deadline?.at ?? null,
    archivePendingSince(job),
    lastSequence(job),
    job.publishedSequence,
    encodeState(job),
  ];
}

/** Names of the columns that change, in the order of `changingValues`. */
export const CHANGING_COLUMNS = [
  'revision',
  'status',
  'active',
  'updated_at',
  'next_offer_at',
  'worker_id',
  'ended_at',
  'deadline_stage',
  'deadline_base',
  'archive_pending_since',
  'last_sequence',
  'published_sequence',
  'state',
] as const;

/**
 * Reads `JOB_COLUMNS` back; `DATA_LOSS` when they do not hold a job. The two texts are joined into one object before they are parsed, which takes
 * half as long as parsing and then joining.
 */
export function decodeJobRow(row: SqlRow): Job {
  const [details, state] = [textAt(row, 0), textAt(row, 1)];
  const text = `${details.slice(0, -1)},"publishedSequence":${String(numberAt(row, 2))},${state.slice(1)}`;
  const job = parseStored(text);
  if (!isRecord(job) || !isRecord(job['request']) || !isRecord(job['resolution']) || !Array.isArray(job['history'])) {
    throw new MaridError('DATA_LOSS', 'A stored row is no job; restore a copy of the database.');
  }
  return job as unknown as Job;
}

function encodeState(job: Job): string {
  const state: JobState = {
    revision: job.revision,
    updatedAt: job.updatedAt,
    status: job.status,
    reason: job.reason,
    message: job.message,
    attempt: job.attempt,
    claim: job.claim,
    attempts: job.attempts,
    history: job.history,
    nextOfferAt: job.nextOfferAt,
    offers: job.offers,
    kill: job.kill,
    startedAt: job.startedAt,
    endedAt: job.endedAt,
    result: job.result,
  };
  return JSON.stringify(state);
}

function lastSequence(job: Job): number {
  return job.history.at(-1)?.sequence ?? 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
