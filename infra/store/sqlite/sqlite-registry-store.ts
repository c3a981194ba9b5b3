/** `RegistryStore` in the embedded database. */
import type { RegistryStore } from '../../../core/ports/registry-store.js';
import type { RegistrySnapshot, Resource, ResourceByKind, ResourceKind } from '../../../core/registry/resource.js';
import { counterValue, decodeDocument, raiseCounter } from './documents.js';
import type { SqliteConnection } from './sqlite-connection.js';
import type { SqliteDatabase } from './sqlite-database.js';

/** Counter that every write to the registry raises. */
const REVISION = 'registry';

const KEYS = ['id', 'name', 'status', 'revision'] as const;

const INSERT =
  'INSERT INTO registry (kind, id, revision, document) VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO NOTHING';
const REPLACE = 'UPDATE registry SET revision = ?, document = ? WHERE kind = ? AND id = ? AND revision = ?';
const DELETE = 'DELETE FROM registry WHERE kind = ? AND id = ? AND revision = ?';

/** Registry entries in SQLite. Shares the database, which its owner opens and closes. */
export class SqliteRegistryStore implements RegistryStore {
  /** As last read, after so many commits. */
  private known = { commits: -1, revision: 0 };

  constructor(private readonly database: SqliteDatabase) {}

  /** Asked with each submit, so it is read once for each commit. */
  async revision(): Promise<number> {
    const { commits } = this.database.statistics;
    if (this.known.commits !== commits) {
      this.known = { commits, revision: this.database.read((connection) => counterValue(connection, REVISION)) };
    }
    return this.known.revision;
  }

  async load(): Promise<RegistrySnapshot> {
    return this.database.read((connection) => ({
      revision: counterValue(connection, REVISION),
      applications: readKind(connection, 'application'),
      commands: readKind(connection, 'command'),
      clusters: readKind(connection, 'cluster'),
    }));
  }

  async get<K extends ResourceKind>(options: {
    readonly kind: K;
    readonly id: string;
  }): Promise<ResourceByKind[K] | null> {
    const sql = 'SELECT document FROM registry WHERE kind = ? AND id = ?';
    const row = this.database.read((connection) => connection.get(sql, [options.kind, options.id]));
    return row === null ? null : decodeDocument<ResourceByKind[K]>(row, 0, KEYS);
  }

  insert({ kind, resource }: { readonly kind: ResourceKind; readonly resource: Resource }): Promise<boolean> {
    const document = JSON.stringify(resource);
    return this.change(INSERT, [kind, resource.id, resource.revision, document]);
  }

  replace({ kind, resource }: { readonly kind: ResourceKind; readonly resource: Resource }): Promise<boolean> {
    const document = JSON.stringify(resource);
    return this.change(REPLACE, [resource.revision, document, kind, resource.id, resource.revision - 1]);
  }

  delete(options: { readonly kind: ResourceKind; readonly id: string; readonly revision: number }): Promise<boolean> {
    return this.change(DELETE, [options.kind, options.id, options.revision]);
  }

  private change(sql: string, parameters: readonly (string | number)[]): Promise<boolean> {
    return this.database.write((connection) => {
      if (connection.run(sql, parameters).changes === 0) return false;
      raiseCounter(connection, REVISION);
      return true;
    }, 2);
  }
}

function readKind<K extends ResourceKind>(connection: SqliteConnection, kind: K): readonly ResourceByKind[K][] {
  const rows = connection.all('SELECT document FROM registry WHERE kind = ? ORDER BY id', [kind]);
  return rows.map((row) => decodeDocument<ResourceByKind[K]>(row, 0, KEYS));
}
