/** `JobSurvey` in the embedded database. */
import type { DeadlineStage } from '../../../core/job/deadline.js';
import type { Job } from '../../../core/job/job.js';
import type { JobSurvey, PoolUsage } from '../../../core/ports/job-survey.js';
import { decodeJobRow, JOB_COLUMNS } from './job-rows.js';
import { numberAt, textAt } from './sqlite-connection.js';
import type { SqliteDatabase } from './sqlite-database.js';

const OVERDUE = `SELECT ${JOB_COLUMNS} FROM jobs AS j INDEXED BY jobs_overdue JOIN job_details AS d ON d.number = j.number
  WHERE j.deadline_stage = ? AND j.deadline_base < ? ORDER BY j.deadline_base LIMIT ?`;
const PENDING_ARCHIVES = `SELECT ${JOB_COLUMNS} FROM jobs AS j INDEXED BY jobs_archive_pending JOIN job_details AS d ON d.number = j.number
  WHERE j.archive_pending_since < ? ORDER BY j.archive_pending_since LIMIT ?`;
const COUNT_ENDED = 'SELECT count(*) FROM jobs INDEXED BY jobs_ended WHERE active = 0';
/** Walks the index of the users; the statuses are looked up. */
const USAGE = `SELECT user_name, pool, count(*), sum(status = 'ACCEPTED'), sum(CASE WHEN worker_id IS NULL THEN 0 ELSE memory_mb END)
  FROM jobs INDEXED BY jobs_of_user WHERE active = 1 GROUP BY user_name, pool`;

/** Surveys jobs in SQLite. Shares the database, which its owner opens and closes. */
export class SqliteJobSurvey implements JobSurvey {
  constructor(private readonly database: SqliteDatabase) {}

  async overdue(options: {
    readonly stage: DeadlineStage;
    readonly before: number;
    readonly limit: number;
  }): Promise<readonly Job[]> {
    const { stage, before, limit } = options;
    return this.database.read((connection) => connection.all(OVERDUE, [stage, before, limit]).map(decodeJobRow));
  }

  async pendingArchives(options: { readonly before: number; readonly limit: number }): Promise<readonly Job[]> {
    const { before, limit } = options;
    return this.database.read((connection) => connection.all(PENDING_ARCHIVES, [before, limit]).map(decodeJobRow));
  }

  async countEnded(): Promise<number> {
    const row = this.database.read((connection) => connection.get(COUNT_ENDED));
    return row === null ? 0 : numberAt(row, 0);
  }

  async usage(): Promise<readonly PoolUsage[]> {
    return this.database
      .read((connection) => connection.all(USAGE))
      .map((row) => ({
        user: textAt(row, 0),
        pool: textAt(row, 1),
        activeJobs: numberAt(row, 2),
        waitingJobs: numberAt(row, 3),
        memoryMb: numberAt(row, 4),
      }));
  }
}
