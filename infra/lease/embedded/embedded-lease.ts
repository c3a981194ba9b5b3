/** `LeasePort` as a row with a deadline. The database has one process at a time, so its clock is the only one. */
import type { Clock } from '../../../core/ports/clock.js';
import type { LeasePort } from '../../../core/ports/lease-port.js';
import type { SqliteDatabase } from '../../store/sqlite/sqlite-database.js';

const ACQUIRE = `INSERT INTO leases (name, holder, deadline) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, deadline = excluded.deadline
  WHERE holder = excluded.holder OR deadline <= ?`;
const RELEASE = 'DELETE FROM leases WHERE name = ? AND holder = ?';

/** What `EmbeddedLease` works with. */
export interface EmbeddedLeaseOptions {
  /** Shared; its owner opens and closes it. Opening it voids the leases of the process before. */
  readonly db: SqliteDatabase;
  readonly clock: Clock;
}

/** Leases in SQLite. */
export class EmbeddedLease implements LeasePort {
  constructor(private readonly options: EmbeddedLeaseOptions) {}

  acquire(options: { readonly name: string; readonly holder: string; readonly ttlMs: number }): Promise<boolean> {
    const { name, holder, ttlMs } = options;
    const now = this.options.clock.now();
    return this.options.db.write((connection) => {
      return connection.run(ACQUIRE, [name, holder, now + ttlMs, now]).changes === 1;
    });
  }

  async release({ name, holder }: { readonly name: string; readonly holder: string }): Promise<void> {
    await this.options.db.write((connection) => connection.run(RELEASE, [name, holder]));
  }

  /** Nothing to end: the database is its owner's. */
  async close(): Promise<void> {
    return Promise.resolve();
  }
}
