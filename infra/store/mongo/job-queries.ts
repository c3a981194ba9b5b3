/** Every question that is asked of the jobs, as data: what to match, in which order, by which index. Tests ask a server to explain each. */
import type { Document } from 'mongodb';
import type { JobFilter, JobPosition, ListJobsOptions } from '../../../core/ports/job-store.js';
import { tokensOfFilter } from '../job-tokens.js';

/** One question. */
export interface JobQuery {
  readonly filter: Document;
  readonly sort: Readonly<Record<string, 1 | -1>>;
  readonly limit: number;
  /** Index to walk; null where the server chooses between two that both give the order. */
  readonly hint: string | null;
}

/** A question that walks one index whatever is asked. */
export interface IndexedJobQuery extends JobQuery {
  readonly hint: string;
}

/** No limit. */
const ALL = 0;

/** ACCEPTED jobs that are to be offered. */
export function dueQuery({ now, limit }: { readonly now: number; readonly limit: number }): IndexedJobQuery {
  return { filter: { dueAt: { $lte: now } }, sort: { dueAt: 1 }, limit, hint: 'due' };
}

/** ACCEPTED jobs of a pool that fit. */
export function waitingQuery(options: {
  readonly pool: string;
  readonly memoryMb: number;
  readonly limit: number;
}): IndexedJobQuery {
  return {
    filter: { 'waiting.pool': options.pool, 'waiting.memoryMb': { $lte: options.memoryMb } },
    sort: { 'waiting.createdAt': 1, 'waiting.id': 1 },
    limit: options.limit,
    hint: 'waiting',
  };
}

/** Jobs of a worker. */
export function ownedQuery({ workerId }: { readonly workerId: string }): IndexedJobQuery {
  return { filter: { ownerId: workerId }, sort: {}, limit: ALL, hint: 'owned' };
}

/** Jobs with an unpublished transition, and some that were published since (`isPublished`). */
export function unpublishedQuery(options: { readonly updatedBefore: number; readonly limit: number }): IndexedJobQuery {
  const filter = { unpublishedSince: { $lt: options.updatedBefore } };
  return { filter, sort: { unpublishedSince: 1 }, limit: options.limit, hint: 'unpublished' };
}

/** Jobs that ended long ago. */
export function endedQuery(options: { readonly endedBefore: number; readonly limit: number }): IndexedJobQuery {
  return {
    filter: { purgeFrom: { $lt: options.endedBefore } },
    sort: { purgeFrom: 1 },
    limit: options.limit,
    hint: 'ended',
  };
}

/** All jobs that ended. */
export const ALL_ENDED: IndexedJobQuery = { filter: { purgeFrom: { $gte: 0 } }, sort: {}, limit: ALL, hint: 'ended' };

/** Jobs that have been in a stage for long. */
export function overdueQuery(options: {
  readonly stage: string;
  readonly before: number;
  readonly limit: number;
}): IndexedJobQuery {
  return {
    filter: { 'deadline.stage': options.stage, 'deadline.base': { $lt: options.before } },
    sort: { 'deadline.base': 1 },
    limit: options.limit,
    hint: 'overdue',
  };
}

/** Jobs of which an archive is pending for long. */
export function pendingArchivesQuery(options: { readonly before: number; readonly limit: number }): IndexedJobQuery {
  return {
    filter: { archivePendingSince: { $lt: options.before } },
    sort: { archivePendingSince: 1 },
    limit: options.limit,
    hint: 'archive_pending',
  };
}

/** Jobs that have not ended, by user, pool and status. */
export function usagePipeline(): { readonly pipeline: Document[]; readonly hint: string } {
  const { filter, hint } = activeQuery({});
  const key = { user: '$active.user', pool: '$active.pool', status: '$status' };
  const counts = { jobs: { $sum: 1 }, memoryMb: { $sum: '$active.memoryMb' } };
  return { pipeline: [{ $match: filter }, { $group: { _id: key, ...counts } }], hint };
}

/** Jobs that have not ended, by what they use. */
export function activeQuery(options: { readonly clusterId?: string; readonly commandId?: string }): IndexedJobQuery {
  const { clusterId, commandId } = options;
  const filter = {
    ...(clusterId === undefined ? {} : { 'active.clusterId': clusterId }),
    ...(commandId === undefined ? {} : { 'active.commandId': commandId }),
    ...(clusterId === undefined && commandId === undefined ? { 'active.clusterId': { $gte: '' } } : {}),
  };
  const hint = clusterId === undefined && commandId !== undefined ? 'active_by_command' : 'active_by_cluster';
  return { filter, sort: {}, limit: ALL, hint };
}

/**
 * A page of jobs. Each of the three indexes ends in (createdAt, _id), so that none needs a sort: that of the tokens is narrowed by one of them and the rest is looked up per
 * job, that of the statuses is walked once per status and merged.
 */
export function listQuery({ filter, order, after, limit }: ListJobsOptions): JobQuery {
  const tokens = tokensOfFilter(filter);
  const direction = order === 'oldest' ? 1 : -1;
  return {
    filter: {
      ...(tokens.length === 0 ? {} : { tokens: tokens.length === 1 ? tokens[0] : { $all: tokens } }),
      ...(filter.statuses.length === 0 ? {} : { status: { $in: filter.statuses } }),
      ...rangeOf(filter, order, after),
    },
    sort: { createdAt: direction, _id: direction },
    limit,
    hint: hintOf(tokens.length > 0, filter.statuses.length > 0),
  };
}

function hintOf(asksTokens: boolean, asksStatuses: boolean): string | null {
  if (asksTokens && asksStatuses) return null;
  if (asksTokens) return 'by_token';
  return asksStatuses ? 'by_status' : 'by_time';
}

/** The keyset as one range of times; jobs of the very time of `after` that lie before it are left out by `$nor`, which no planner splits. */
function rangeOf(filter: JobFilter, order: 'newest' | 'oldest', after: JobPosition | null): Document {
  const { createdFrom, createdBefore } = filter;
  const bounds: Document[] = [];
  if (createdFrom !== null) bounds.push({ createdAt: { $gte: createdFrom } });
  if (createdBefore !== null) bounds.push({ createdAt: { $lt: createdBefore } });
  if (after !== null && order === 'oldest') {
    bounds.push({ createdAt: { $gte: after.createdAt } });
    bounds.push({ $nor: [{ createdAt: after.createdAt, _id: { $lte: after.id } }] });
  }
  if (after !== null && order === 'newest') {
    bounds.push({ createdAt: { $lte: after.createdAt } });
    bounds.push({ $nor: [{ createdAt: after.createdAt, _id: { $gte: after.id } }] });
  }
  return bounds.length === 0 ? {} : { $and: bounds };
}
