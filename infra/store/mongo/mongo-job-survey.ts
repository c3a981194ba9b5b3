/** `JobSurvey` in MongoDB. */
import type { Document, Filter } from 'mongodb';
import type { DeadlineStage } from '../../../core/job/deadline.js';
import type { Job } from '../../../core/job/job.js';
import type { JobSurvey, PoolUsage } from '../../../core/ports/job-survey.js';
import { decodeJob, type JobDocument } from './job-documents.js';
import { ALL_ENDED, overdueQuery, pendingArchivesQuery, usagePipeline, type IndexedJobQuery } from './job-queries.js';
import type { MongoDatabase } from './mongo-database.js';
import { OPERATION_MS } from './mongo-limits.js';
import { COLLECTIONS } from './mongo-schema.js';

/** Surveys jobs in MongoDB. Shares the database, which its owner opens and closes. */
export class MongoJobSurvey implements JobSurvey {
  constructor(private readonly database: MongoDatabase) {}

  overdue(options: {
    readonly stage: DeadlineStage;
    readonly before: number;
    readonly limit: number;
  }): Promise<readonly Job[]> {
    return this.find(overdueQuery(options));
  }

  pendingArchives(options: { readonly before: number; readonly limit: number }): Promise<readonly Job[]> {
    return this.find(pendingArchivesQuery(options));
  }

  countEnded(): Promise<number> {
    const { filter, hint } = ALL_ENDED;
    return this.database.within(() =>
      this.jobs.countDocuments(filter as Filter<JobDocument>, { maxTimeMS: OPERATION_MS, hint }),
    );
  }

  usage(): Promise<readonly PoolUsage[]> {
    const { pipeline, hint } = usagePipeline();
    return this.database.within(async () => {
      const groups = this.jobs.aggregate<Document>(pipeline, { maxTimeMS: OPERATION_MS, hint });
      return sumUp(await groups.toArray());
    });
  }

  private find({ filter, sort, limit, hint }: IndexedJobQuery): Promise<readonly Job[]> {
    return this.database.within(async () => {
      const found = this.jobs.find(filter as Filter<JobDocument>, { sort, limit, hint }).maxTimeMS(OPERATION_MS);
      return (await found.toArray()).map(decodeJob);
    });
  }

  private get jobs() {
    return this.database.collection<JobDocument>(COLLECTIONS.jobs);
  }
}

/** One row for each user and pool, of one group for each of its statuses. */
function sumUp(groups: readonly Document[]): readonly PoolUsage[] {
  const rows = new Map<string, PoolUsage>();
  for (const { user, pool, status, jobs, memoryMb } of groups.map(decodeGroup)) {
    const key = JSON.stringify([user, pool]);
    const row = rows.get(key) ?? { user, pool, activeJobs: 0, waitingJobs: 0, memoryMb: 0 };
    const waits = status === 'ACCEPTED';
    rows.set(key, {
      ...row,
      activeJobs: row.activeJobs + jobs,
      waitingJobs: row.waitingJobs + (waits ? jobs : 0),
      memoryMb: row.memoryMb + (waits ? 0 : memoryMb),
    });
  }
  return [...rows.values()];
}

/** Jobs of before these fields were kept have none: they count as nobody's until their next write. */
function decodeGroup({ _id, jobs, memoryMb }: Document) {
  const { user, pool, status } = _id as { readonly user?: unknown; readonly pool?: unknown; readonly status?: unknown };
  return {
    user: typeof user === 'string' ? user : '',
    pool: typeof pool === 'string' ? pool : '',
    status: String(status),
    jobs: Number(jobs),
    memoryMb: Number(memoryMb ?? 0),
  };
}
