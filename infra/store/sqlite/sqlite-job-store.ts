/** `JobStore` in the embedded database. */
import type { Job } from '../../../core/job/job.js';
import type {
  InsertJobOptions,
  JobStore,
  ListJobsOptions,
  WaitingJob,
  WaitingJobsOptions,
} from '../../../core/ports/job-store.js';
import { tokensOfJob } from '../job-tokens.js';
import { listJobIds } from './job-listing.js';
import { CHANGING_COLUMNS, changingValues, decodeJobRow, encodeDetails, JOB_COLUMNS } from './job-rows.js';
import { numberAt, textAt, type SqliteConnection, type SqlRow } from './sqlite-connection.js';
import type { SqliteDatabase } from './sqlite-database.js';

const JOINED = 'jobs AS j JOIN job_details AS d ON d.number = j.number';

/** The index is named, because SQLite prefers one that would make it sort. */
const joinedBy = (index: string): string => JOINED.replace('AS j', `AS j INDEXED BY ${index}`);

const FIXED_COLUMNS = ['id', 'pool', 'memory_mb', 'created_at', 'cluster_id', 'command_id', 'user_name'] as const;

const INSERT = `INSERT INTO jobs (${[...FIXED_COLUMNS, ...CHANGING_COLUMNS].join(', ')})
  VALUES (${[...FIXED_COLUMNS, ...CHANGING_COLUMNS].map(() => '?').join(', ')}) ON CONFLICT (id) DO NOTHING`;
const INSERT_DETAILS = 'INSERT INTO job_details (number, document) VALUES (?, ?)';
const INSERT_TOKENS = 'INSERT INTO job_tokens (token, created_at, id) SELECT value, ?, ? FROM json_each(?)';

const ASSIGNMENTS = CHANGING_COLUMNS.map((column) =>
  column === 'published_sequence' ? 'published_sequence = max(published_sequence, ?)' : `${column} = ?`,
);
const REPLACE = `UPDATE jobs SET ${ASSIGNMENTS.join(', ')} WHERE id = ? AND revision = ?`;
const MARK = 'UPDATE jobs SET published_sequence = ? WHERE id = ? AND published_sequence < ?';

const GET = `SELECT ${JOB_COLUMNS} FROM ${JOINED} WHERE j.id = ?`;
const DUE = `SELECT ${JOB_COLUMNS} FROM ${joinedBy('jobs_due')}
  WHERE j.status = 'ACCEPTED' AND j.next_offer_at <= ? ORDER BY j.next_offer_at LIMIT ?`;
const WAITING = `SELECT id, memory_mb, next_offer_at, state ->> '$.attempt', state ->> '$.offers' FROM jobs INDEXED BY jobs_waiting
  WHERE status = 'ACCEPTED' AND pool = ? AND memory_mb <= ? ORDER BY created_at, id LIMIT ?`;
const OWNED = 'SELECT id, revision FROM jobs INDEXED BY jobs_owned WHERE worker_id = ?';
const UNPUBLISHED = `SELECT ${JOB_COLUMNS} FROM ${joinedBy('jobs_unpublished')}
  WHERE j.published_sequence < j.last_sequence AND j.updated_at < ? ORDER BY j.updated_at LIMIT ?`;
const COUNT = 'SELECT count(*) FROM jobs WHERE active = 1';

const ENDED = `SELECT j.number, ${JOB_COLUMNS} FROM ${joinedBy('jobs_ended')} WHERE j.active = 0 AND j.ended_at < ? ORDER BY j.ended_at LIMIT ?`;
const DELETE_TOKEN = 'DELETE FROM job_tokens WHERE token = ? AND created_at = ? AND id = ?';

/** Jobs in SQLite. Shares the database, which its owner opens and closes. */
export class SqliteJobStore implements JobStore {
  constructor(private readonly database: SqliteDatabase) {}

  insert({ job, latest = () => job, onVisible }: InsertJobOptions): Promise<boolean> {
    const details = encodeDetails(job);
    const tokens = tokensOfJob(job);
    return this.database.write(
      (connection) => insertJob(connection, latest(), details, tokens),
      tokens.length + 2,
      (inserted) => {
        if (inserted) onVisible?.();
      },
    );
  }

  async get({ id }: { readonly id: string }): Promise<Job | null> {
    return this.database.read((connection) => getJob(connection, id));
  }

  async getMany({ ids }: { readonly ids: readonly string[] }): Promise<readonly (Job | null)[]> {
    return this.database.read((connection) => ids.map((id) => getJob(connection, id)));
  }

  replace({ job }: { readonly job: Job }): Promise<boolean> {
    const parameters = [...changingValues(job), job.id, job.revision - 1];
    return this.database.write((connection) => connection.run(REPLACE, parameters).changes === 1);
  }

  async list(options: ListJobsOptions): Promise<readonly Job[]> {
    return this.database.read((connection) =>
      listJobIds(connection, options)
        .map((id) => getJob(connection, id))
        .filter((job) => job !== null),
    );
  }

  async dueOffers(options: { readonly now: number; readonly limit: number }): Promise<readonly Job[]> {
    return this.select(DUE, [options.now, options.limit]);
  }

  async waiting({ pool, memoryMb, limit }: WaitingJobsOptions): Promise<readonly WaitingJob[]> {
    return this.database.read((connection) => connection.all(WAITING, [pool, memoryMb, limit]).map(waitingJobOf));
  }

  async ownedBy(options: {
    readonly workerId: string;
    readonly known?: (id: string) => Job | undefined;
  }): Promise<readonly Job[]> {
    return this.database.read((connection) =>
      connection.all(OWNED, [options.workerId]).flatMap((row) => {
        const id = textAt(row, 0);
        const known = options.known?.(id);
        const job = known?.revision === numberAt(row, 1) ? known : getJob(connection, id);
        return job === null ? [] : [job];
      }),
    );
  }

  async unpublished(options: { readonly updatedBefore: number; readonly limit: number }): Promise<readonly Job[]> {
    return this.select(UNPUBLISHED, [options.updatedBefore, options.limit]);
  }

  markPublished(options: {
    readonly marks: readonly { readonly id: string; readonly sequence: number }[];
  }): Promise<void> {
    const { marks } = options;
    return this.database.write((connection) => {
      for (const mark of marks) connection.run(MARK, [mark.sequence, mark.id, mark.sequence]);
    }, marks.length);
  }

  async countActive(options: { readonly clusterId?: string; readonly commandId?: string }): Promise<number> {
    const parts = [
      { condition: ' AND cluster_id = ?', value: options.clusterId },
      { condition: ' AND command_id = ?', value: options.commandId },
    ].filter((part) => part.value !== undefined);
    const sql = COUNT + parts.map((part) => part.condition).join('');
    const row = this.database.read((connection) =>
      connection.get(
        sql,
        parts.map((part) => part.value ?? ''),
      ),
    );
    return row === null ? 0 : numberAt(row, 0);
  }

  purge(options: { readonly endedBefore: number; readonly limit: number }): Promise<number> {
    return this.database.write((connection) => {
      const rows = connection.all(ENDED, [options.endedBefore, options.limit]);
      for (const row of rows) deleteJob(connection, numberAt(row, 0), decodeJobRow(row.slice(1)));
      return rows.length;
    }, options.limit);
  }

  private select(sql: string, parameters: SqlRow): readonly Job[] {
    return this.database.read((connection) => connection.all(sql, parameters).map(decodeJobRow));
  }
}

function insertJob(connection: SqliteConnection, job: Job, details: string, tokens: readonly string[]): boolean {
  const { cluster, command } = job.resolution;
  const fixed = [job.id, job.pool, job.memoryMb, job.createdAt, cluster.id, command.id, job.request.user];
  const inserted = connection.run(INSERT, [...fixed, ...changingValues(job)]);
  if (inserted.changes === 0) return false;
  connection.run(INSERT_DETAILS, [inserted.lastRowId, details]);
  connection.run(INSERT_TOKENS, [job.createdAt, job.id, JSON.stringify(tokens)]);
  return true;
}

function waitingJobOf(row: SqlRow): WaitingJob {
  const nextOfferAt = row[2] === null ? null : numberAt(row, 2);
  const [attempt, offers] = [numberAt(row, 3), numberAt(row, 4)];
  return { id: textAt(row, 0), memoryMb: numberAt(row, 1), status: 'ACCEPTED', attempt, offers, nextOfferAt };
}

function getJob(connection: SqliteConnection, id: string): Job | null {
  const row = connection.get(GET, [id]);
  return row === null ? null : decodeJobRow(row);
}

function deleteJob(connection: SqliteConnection, number: number, job: Job): void {
  for (const token of tokensOfJob(job)) connection.run(DELETE_TOKEN, [token, job.createdAt, job.id]);
  connection.run('DELETE FROM job_details WHERE number = ?', [number]);
  connection.run('DELETE FROM jobs WHERE number = ?', [number]);
}
