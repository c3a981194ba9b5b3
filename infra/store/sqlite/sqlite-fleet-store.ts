/** `FleetStore` in the embedded database. */
import {
  WORKER_RECORD_DEFAULTS,
  type TaskControl,
  type TaskRun,
  type WorkerRecord,
} from '../../../core/fleet/worker-record.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import { decodeDocument, raiseCounter } from './documents.js';
import type { SqlRow } from './sqlite-connection.js';
import type { SqliteDatabase } from './sqlite-database.js';

const INSERT = 'INSERT INTO workers (id, revision, seen_at, document) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING';
const REPLACE = 'UPDATE workers SET revision = ?, seen_at = ?, document = ? WHERE id = ? AND revision = ?';
const PUT_RUN = `INSERT INTO task_runs (name, document) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET document = excluded.document`;
const INSERT_CONTROL =
  'INSERT INTO task_controls (name, revision, document) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING';
const REPLACE_CONTROL = 'UPDATE task_controls SET revision = ?, document = ? WHERE name = ? AND revision = ?';

/** Workers, terms and task runs in SQLite. Shares the database, which its owner opens and closes. */
export class SqliteFleetStore implements FleetStore {
  constructor(private readonly database: SqliteDatabase) {}

  async getWorker({ id }: { readonly id: string }): Promise<WorkerRecord | null> {
    const sql = 'SELECT document FROM workers WHERE id = ?';
    const row = this.database.read((connection) => connection.get(sql, [id]));
    return row === null ? null : decodeWorker(row);
  }

  async listWorkers(): Promise<readonly WorkerRecord[]> {
    const sql = 'SELECT document FROM workers ORDER BY id';
    return this.database.read((connection) => connection.all(sql)).map(decodeWorker);
  }

  putWorker({ worker }: { readonly worker: WorkerRecord }): Promise<boolean> {
    const { id, revision, seenAt } = worker;
    const document = JSON.stringify(worker);
    return this.database.write((connection) => {
      const change =
        revision === 1
          ? connection.run(INSERT, [id, revision, seenAt, document])
          : connection.run(REPLACE, [revision, seenAt, document, id, revision - 1]);
      return change.changes === 1;
    });
  }

  purgeWorkers(options: { readonly ids: readonly string[]; readonly seenBefore: number }): Promise<number> {
    const { ids, seenBefore } = options;
    if (ids.length === 0) return Promise.resolve(0);
    const sql = 'DELETE FROM workers WHERE seen_at < ? AND id IN (SELECT value FROM json_each(?))';
    return this.database.write((connection) => connection.run(sql, [seenBefore, JSON.stringify(ids)]).changes);
  }

  nextTerm({ name }: { readonly name: string }): Promise<number> {
    return this.database.write((connection) => raiseCounter(connection, `term:${name}`));
  }

  async putTaskRun({ run }: { readonly run: TaskRun }): Promise<void> {
    await this.database.write((connection) => connection.run(PUT_RUN, [run.name, JSON.stringify(run)]));
  }

  async listTaskRuns(): Promise<readonly TaskRun[]> {
    const sql = 'SELECT document FROM task_runs ORDER BY name';
    const rows = this.database.read((connection) => connection.all(sql));
    return rows.map((row) => decodeDocument<TaskRun>(row, 0, ['name', 'startedAt', 'outcome']));
  }

  putTaskControl({ control }: { readonly control: TaskControl }): Promise<boolean> {
    const { name, revision } = control;
    const document = JSON.stringify(control);
    return this.database.write((connection) => {
      const change =
        revision === 1
          ? connection.run(INSERT_CONTROL, [name, revision, document])
          : connection.run(REPLACE_CONTROL, [revision, document, name, revision - 1]);
      return change.changes === 1;
    });
  }

  async listTaskControls(): Promise<readonly TaskControl[]> {
    const sql = 'SELECT document FROM task_controls ORDER BY name';
    const rows = this.database.read((connection) => connection.all(sql));
    return rows.map((row) => decodeDocument<TaskControl>(row, 0, ['name', 'revision', 'paused', 'requests']));
  }
}

function decodeWorker(row: SqlRow): WorkerRecord {
  return {
    ...WORKER_RECORD_DEFAULTS,
    ...decodeDocument<WorkerRecord>(row, 0, ['id', 'revision', 'session', 'address']),
  };
}
