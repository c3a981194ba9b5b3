/** The schema of the database file, as steps from empty to current. A step that was released never changes; new ones go to the end. */
import { MaridError } from '../../../core/errors/marid-error.js';
import { numberAt, type SqliteConnection } from './sqlite-connection.js';

/** Marks the file as Marid's (`PRAGMA application_id`): "Mard". */
const APPLICATION_ID = 0x4d617264;

/**
 * Jobs: what never changes is apart (`job_details`), so that a change of status rewrites a small row. `job_tokens` is the search index; its
 * key is the list order, so that a page is one range. Partial indexes keep the loops' questions as small as their answers.
 */
const JOBS = `
  CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
    status TEXT NOT NULL, active INTEGER NOT NULL, pool TEXT NOT NULL, memory_mb INTEGER NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, next_offer_at INTEGER, worker_id TEXT, ended_at INTEGER,
    last_sequence INTEGER NOT NULL, published_sequence INTEGER NOT NULL,
    cluster_id TEXT NOT NULL, command_id TEXT NOT NULL, state TEXT NOT NULL);
  CREATE INDEX jobs_by_time ON jobs (created_at, id);
  CREATE INDEX jobs_by_status ON jobs (status, created_at, id);
  CREATE INDEX jobs_due ON jobs (next_offer_at) WHERE status = 'ACCEPTED';
  CREATE INDEX jobs_waiting ON jobs (pool, created_at, id, memory_mb) WHERE status = 'ACCEPTED';
  CREATE INDEX jobs_owned ON jobs (worker_id) WHERE worker_id IS NOT NULL;
  CREATE INDEX jobs_unpublished ON jobs (updated_at) WHERE published_sequence < last_sequence;
  CREATE INDEX jobs_ended ON jobs (ended_at) WHERE active = 0;
  CREATE INDEX jobs_of_cluster ON jobs (cluster_id) WHERE active = 1;
  CREATE INDEX jobs_of_command ON jobs (command_id) WHERE active = 1;
  CREATE TABLE job_details (number INTEGER PRIMARY KEY, document TEXT NOT NULL);
  CREATE TABLE job_tokens (
    token TEXT NOT NULL, created_at INTEGER NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (token, created_at, id)) WITHOUT ROWID;
`;

const REST = `
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE registry (
    kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, id));
  CREATE TABLE workers (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, seen_at INTEGER NOT NULL, document TEXT NOT NULL);
  CREATE TABLE task_runs (name TEXT PRIMARY KEY, document TEXT NOT NULL);
  CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, deadline INTEGER NOT NULL);
`;

/** `meta`: empty, or JSON of [key, headers]. */
const LOG = `
  CREATE TABLE log_topics (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, retention_ms INTEGER NOT NULL);
  CREATE TABLE log_partitions (
    topic INTEGER NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL, last_appended_at INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)) WITHOUT ROWID;
  CREATE TABLE log_records (
    topic INTEGER NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, appended_at INTEGER NOT NULL,
    meta TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (topic, partition, "offset")) WITHOUT ROWID;
  CREATE TABLE log_offsets (
    group_name TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL,
    PRIMARY KEY (group_name, topic, partition)) WITHOUT ROWID;
`;

/** Stage and base: see `deadlineBase` of core/job; `user_name` is for counts by user. */
const LEADER = `
  CREATE TABLE task_controls (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, document TEXT NOT NULL);
  ALTER TABLE log_topics ADD COLUMN retention_records INTEGER;
  ALTER TABLE jobs ADD COLUMN deadline_stage TEXT;
  ALTER TABLE jobs ADD COLUMN deadline_base INTEGER;
  ALTER TABLE jobs ADD COLUMN user_name TEXT NOT NULL DEFAULT '';
  UPDATE jobs SET (deadline_stage, deadline_base, user_name) = (
    SELECT CASE WHEN json_extract(jobs.state, '$.kill') IS NOT NULL THEN 'KILL' ELSE jobs.status END,
      coalesce(json_extract(jobs.state, '$.kill.at'),
        json_extract(jobs.state, '$.startedAt') + json_extract(d.document, '$.timeoutMs'), jobs.updated_at),
      json_extract(d.document, '$.request.user')
    FROM job_details AS d WHERE d.number = jobs.number) WHERE active = 1;
  CREATE INDEX jobs_overdue ON jobs (deadline_stage, deadline_base) WHERE deadline_stage IS NOT NULL;
  CREATE INDEX jobs_of_user ON jobs (user_name, pool, memory_mb) WHERE active = 1;
`;

const USER_SLOTS =
  'CREATE TABLE user_slots (user TEXT PRIMARY KEY, revision INTEGER NOT NULL, document TEXT NOT NULL);';

/** See `archivePendingSince` of core/job. Jobs of before have no archive. */
const ARCHIVES = `
  ALTER TABLE jobs ADD COLUMN archive_pending_since INTEGER;
  CREATE INDEX jobs_archive_pending ON jobs (archive_pending_since) WHERE archive_pending_since IS NOT NULL;
`;

/** In the order of appending: records of a commit share pages, wherever their partitions lie in the index. */
const LOG_IN_ORDER = `
  ALTER TABLE log_records RENAME TO log_records_by_place;
  CREATE TABLE log_records (
    number INTEGER PRIMARY KEY, topic INTEGER NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL,
    appended_at INTEGER NOT NULL, meta TEXT NOT NULL, value BLOB NOT NULL);
  INSERT INTO log_records (topic, partition, "offset", appended_at, meta, value)
    SELECT topic, partition, "offset", appended_at, meta, value FROM log_records_by_place;
  CREATE UNIQUE INDEX log_records_by_offset ON log_records (topic, partition, "offset");
  DROP TABLE log_records_by_place;
`;

const MIGRATIONS: readonly string[] = [JOBS + REST + LOG, LEADER, USER_SLOTS, ARCHIVES, LOG_IN_ORDER];

/** Refuses files of other programs and of later versions, with `UNSUPPORTED`. */
export function checkVersion(connection: SqliteConnection, path: string): void {
  const applicationId = pragma(connection, 'application_id');
  if (applicationId !== 0 && applicationId !== APPLICATION_ID) {
    throw new MaridError('UNSUPPORTED', `The database ${path} belongs to another program; choose another data folder.`);
  }
  const version = pragma(connection, 'user_version');
  if (version > MIGRATIONS.length) {
    const versions = `version ${String(version)}; this Marid knows ${String(MIGRATIONS.length)}`;
    throw new MaridError(
      'UNSUPPORTED',
      `The database ${path} was written by a later Marid (${versions}): use that one.`,
    );
  }
}

/** Brings the schema up to date, inside the caller's transaction. */
export function migrate(connection: SqliteConnection): void {
  const version = pragma(connection, 'user_version');
  for (const script of MIGRATIONS.slice(version)) connection.execute(script);
  connection.execute(`PRAGMA application_id = ${String(APPLICATION_ID)}`);
  connection.execute(`PRAGMA user_version = ${String(MIGRATIONS.length)}`);
}

function pragma(connection: SqliteConnection, name: 'application_id' | 'user_version'): number {
  const row = connection.get(`PRAGMA ${name}`);
  return row === null ? 0 : numberAt(row, 0);
}
