/** `UserSlotStore` in the embedded database. */
import type { UserSlotStore } from '../../../core/ports/user-slot-store.js';
import type { UserSlots } from '../../../core/quota/user-slots.js';
import { decodeDocument } from './documents.js';
import { textAt } from './sqlite-connection.js';
import type { SqliteDatabase } from './sqlite-database.js';

const INSERT = 'INSERT INTO user_slots (user, revision, document) VALUES (?, ?, ?) ON CONFLICT (user) DO NOTHING';
const REPLACE = 'UPDATE user_slots SET revision = ?, document = ? WHERE user = ? AND revision = ?';

/** Slots in SQLite. Shares the database, which its owner opens and closes. */
export class SqliteUserSlotStore implements UserSlotStore {
  constructor(private readonly database: SqliteDatabase) {}

  async get({ user }: { readonly user: string }): Promise<UserSlots | null> {
    const sql = 'SELECT document FROM user_slots WHERE user = ?';
    const row = this.database.read((connection) => connection.get(sql, [user]));
    return row === null ? null : decodeDocument<UserSlots>(row, 0, ['user', 'revision', 'slots']);
  }

  put({ record }: { readonly record: UserSlots }): Promise<boolean> {
    const { user, revision } = record;
    const document = JSON.stringify(record);
    return this.database.write((connection) => {
      const change =
        revision === 1
          ? connection.run(INSERT, [user, revision, document])
          : connection.run(REPLACE, [revision, document, user, revision - 1]);
      return change.changes === 1;
    });
  }

  async users(): Promise<readonly string[]> {
    const sql = 'SELECT user FROM user_slots ORDER BY user';
    return this.database.read((connection) => connection.all(sql)).map((row) => textAt(row, 0));
  }
}
