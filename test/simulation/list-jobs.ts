/** What `JobStore.list` gives of jobs in memory. */
import type { Job } from '../../core/job/job.js';
import type { JobFilter, ListJobsOptions } from '../../core/ports/job-store.js';
import { tokensOfFilter, tokensOfJob } from '../../infra/store/job-tokens.js';

/** A page of jobs. */
export function listJobs(jobs: readonly Job[], { filter, order, after, limit }: ListJobsOptions): readonly Job[] {
  const direction = order === 'oldest' ? 1 : -1;
  const compare = (a: Pick<Job, 'createdAt' | 'id'>, b: Pick<Job, 'createdAt' | 'id'>): number =>
    direction * (a.createdAt - b.createdAt || (a.id < b.id ? -1 : Number(a.id > b.id)));
  return jobs
    .filter((job) => passes(job, filter) && (after === null || compare(job, after) > 0))
    .sort(compare)
    .slice(0, limit);
}

function passes(job: Job, filter: JobFilter): boolean {
  const { statuses, createdFrom, createdBefore } = filter;
  const tokens = new Set(tokensOfJob(job));
  const inTime = job.createdAt >= (createdFrom ?? -Infinity) && job.createdAt < (createdBefore ?? Infinity);
  const isAny = statuses.length === 0 || statuses.includes(job.status);
  return inTime && isAny && tokensOfFilter(filter).every((token) => tokens.has(token));
}
