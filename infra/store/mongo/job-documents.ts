/**
 * How a job lies in its document: what never changes as one JSON text (`details`; a user's keys may hold `$`, dots and NUL, which field names may not), what changes as
 * plain fields, and derived fields for the indexes, absent where they do not apply.
 */
import type { Document } from 'mongodb';
import { MaridError } from '../../../core/errors/marid-error.js';
import { archivePendingSince } from '../../../core/job/archive.js';
import { deadlineBase, type DeadlineStage } from '../../../core/job/deadline.js';
import type { Job } from '../../../core/job/job.js';
import { isTerminal } from '../../../core/job/status.js';
import type { WaitingJob } from '../../../core/ports/job-store.js';
import { tokensOfJob } from '../job-tokens.js';
import { pushMark, type GuardedDocument, type GuardedInsert, type GuardedUpdate } from './guarded-writer.js';

/** Parts of a job in `details`; `id` and `createdAt` are fields. */
type JobDetails = Pick<
  Job,
  'parentId' | 'request' | 'requestHash' | 'resolution' | 'pool' | 'memoryMb' | 'timeoutMs' | 'maxAttempts'
>;

/** Parts of a job that `replace` sets. */
type JobState = Omit<Job, keyof JobDetails | 'id' | 'createdAt' | 'publishedSequence'>;

/** What the sparse indexes hold. */
interface DerivedFields {
  /** `nextOfferAt` while ACCEPTED. */
  readonly dueAt?: number;
  /** While ACCEPTED. */
  readonly waiting?: {
    readonly pool: string;
    readonly createdAt: number;
    readonly id: string;
    readonly memoryMb: number;
  };
  /** Worker, while it owns the job. */
  readonly ownerId?: string;
  /** `updatedAt`, from a new transition until the mark of its publication. May stay when the mark came between a read and a replace. */
  readonly unpublishedSince?: number;
  /** `endedAt`, once terminal. */
  readonly purgeFrom?: number;
  /** Until terminal. */
  readonly active?: {
    readonly clusterId: string;
    readonly commandId: string;
    readonly user: string;
    readonly pool: string;
    readonly memoryMb: number;
  };
  /** What `deadlineBase` says, until terminal. */
  readonly deadline?: { readonly stage: DeadlineStage; readonly base: number };
  /** What `archivePendingSince` says. */
  readonly archivePendingSince?: number;
}

/** A job as it is stored. */
export interface JobDocument extends GuardedDocument, JobState, DerivedFields {
  readonly revision: number;
  readonly createdAt: number;
  readonly details: string;
  readonly tokens: readonly string[];
  readonly publishedSequence: number;
  /** Of the last transition. */
  readonly lastSequence: number;
}

const DERIVED = [
  'dueAt',
  'waiting',
  'ownerId',
  'unpublishedSince',
  'purgeFrom',
  'active',
  'deadline',
  'archivePendingSince',
] as const;

/** The write that adds a job. */
export function insertOf(job: Job, mark: string): GuardedInsert {
  const document: JobDocument = {
    _id: job.id,
    createdAt: job.createdAt,
    ...stateOf(job),
    publishedSequence: job.publishedSequence,
    lastSequence: lastSequence(job),
    ...derivedOf(job),
    tokens: tokensOfJob(job),
    details: encodeDetails(job),
    marks: [mark],
  };
  return { kind: 'insert', document };
}

/** The write that replaces the revision before: only what can change is sent. */
export function updateOf(job: Job, mark: string): GuardedUpdate {
  const derived = derivedOf(job);
  const absent = DERIVED.filter((name) => derived[name] === undefined);
  const change: Document = {
    $set: { ...stateOf(job), lastSequence: lastSequence(job), ...derived },
    $max: { publishedSequence: job.publishedSequence },
    $push: pushMark(mark),
    ...(absent.length === 0 ? {} : { $unset: Object.fromEntries(absent.map((name) => [name, ''])) }),
  };
  const { id, revision } = job;
  return { kind: 'update', id, revision, mark, filter: { _id: id, revision: revision - 1 }, change };
}

/** Reads a document back; `DATA_LOSS` when it holds no job. */
export function decodeJob(document: JobDocument): Job {
  const { _id: id, details, createdAt, publishedSequence } = document;
  const fixed: unknown = typeof details === 'string' ? JSON.parse(details) : null;
  if (!isDetails(fixed) || !Array.isArray(document.history)) {
    throw new MaridError('DATA_LOSS', `The stored job ${id} cannot be read; restore a copy of the database.`);
  }
  return { id, createdAt, ...fixed, ...stateOf(document), publishedSequence };
}

/** Fields that `waitingJobsOf` reads. */
export const WAITING_FIELDS = { waiting: 1, status: 1, attempt: 1, offers: 1, nextOfferAt: 1 } as const;

/** The jobs of these that wait. */
export function waitingJobsOf(documents: readonly JobDocument[]): readonly WaitingJob[] {
  return documents.flatMap(({ _id: id, waiting, status, attempt, offers, nextOfferAt }) =>
    waiting === undefined ? [] : [{ id, memoryMb: waiting.memoryMb, status, attempt, offers, nextOfferAt }],
  );
}

/** Whether a job found by `unpublishedSince` has been published all the same. */
export function isPublished(document: JobDocument): boolean {
  return document.publishedSequence >= document.lastSequence;
}

function encodeDetails(job: Job): string {
  const { parentId, request, requestHash, resolution, pool, memoryMb, timeoutMs, maxAttempts } = job;
  const details: JobDetails = { parentId, request, requestHash, resolution, pool, memoryMb, timeoutMs, maxAttempts };
  return JSON.stringify(details);
}

function stateOf(from: JobState): JobState {
  return {
    revision: from.revision,
    updatedAt: from.updatedAt,
    status: from.status,
    reason: from.reason,
    message: from.message,
    attempt: from.attempt,
    claim: from.claim,
    attempts: from.attempts,
    history: from.history,
    nextOfferAt: from.nextOfferAt,
    offers: from.offers,
    kill: from.kill,
    startedAt: from.startedAt,
    endedAt: from.endedAt,
    result: from.result,
  };
}

function derivedOf(job: Job): DerivedFields {
  const { id, pool, createdAt, memoryMb, resolution, request } = job;
  const ids = { clusterId: resolution.cluster.id, commandId: resolution.command.id };
  const deadline = deadlineBase(job);
  const accepted = job.status === 'ACCEPTED';
  const ended = isTerminal(job.status);
  const pendingSince = archivePendingSince(job);
  return {
    ...(accepted && job.nextOfferAt !== null ? { dueAt: job.nextOfferAt } : {}),
    ...(accepted ? { waiting: { pool, createdAt, id, memoryMb } } : {}),
    ...(job.claim === null ? {} : { ownerId: job.claim.workerId }),
    ...(job.publishedSequence < lastSequence(job) ? { unpublishedSince: job.updatedAt } : {}),
    ...(ended && job.endedAt !== null ? { purgeFrom: job.endedAt } : {}),
    ...(ended ? {} : { active: { ...ids, user: request.user, pool, memoryMb } }),
    ...(deadline === null ? {} : { deadline: { stage: deadline.stage, base: deadline.at } }),
    ...(pendingSince === null ? {} : { archivePendingSince: pendingSince }),
  };
}

function lastSequence({ history }: Pick<Job, 'history'>): number {
  return history.at(-1)?.sequence ?? 0;
}

function isDetails(value: unknown): value is JobDetails {
  return typeof value === 'object' && value !== null && 'request' in value && 'resolution' in value;
}
