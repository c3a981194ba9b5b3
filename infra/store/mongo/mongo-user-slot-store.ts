/** `UserSlotStore` in MongoDB. */
import type { UserSlotStore } from '../../../core/ports/user-slot-store.js';
import type { UserSlots } from '../../../core/quota/user-slots.js';
import {
  GuardedWriter,
  pushMark,
  type GuardedDocument,
  type GuardedInsert,
  type GuardedUpdate,
} from './guarded-writer.js';
import type { MongoDatabase } from './mongo-database.js';
import { OPERATION_MS } from './mongo-limits.js';
import { COLLECTIONS } from './mongo-schema.js';

type SlotDocument = GuardedDocument & Omit<UserSlots, 'user'>;

/** Slots in MongoDB. Shares the database, which its owner opens and closes. */
export class MongoUserSlotStore implements UserSlotStore {
  private readonly inserts: GuardedWriter<GuardedInsert & { readonly bytes: number }>;
  private readonly updates: GuardedWriter<GuardedUpdate & { readonly bytes: number }>;

  constructor(private readonly database: MongoDatabase) {
    this.inserts = new GuardedWriter(database, COLLECTIONS.userSlots, ({ bytes }) => bytes);
    this.updates = new GuardedWriter(database, COLLECTIONS.userSlots, ({ bytes }) => bytes);
  }

  async get({ user }: { readonly user: string }): Promise<UserSlots | null> {
    const found = await this.database.within(() => this.slots.findOne({ _id: user }, { maxTimeMS: OPERATION_MS }));
    return found === null ? null : { user, revision: found.revision, slots: found.slots };
  }

  async put({ record }: { readonly record: UserSlots }): Promise<boolean> {
    const { user: id, revision, slots } = record;
    const mark = this.database.newMark(revision);
    const bytes = Buffer.byteLength(JSON.stringify(record));
    if (revision === 1) {
      const document: SlotDocument = { _id: id, revision, slots, marks: [mark] };
      return this.inserts.write({ kind: 'insert', document, bytes });
    }
    const change = { $set: { revision, slots }, $push: pushMark(mark) };
    const filter = { _id: id, revision: revision - 1 };
    return this.updates.write({ kind: 'update', id, revision, mark, filter, change, bytes });
  }

  async users(): Promise<readonly string[]> {
    const found = await this.database.within(() =>
      this.slots
        .find({}, { projection: { _id: 1 }, sort: { _id: 1 } })
        .maxTimeMS(OPERATION_MS)
        .toArray(),
    );
    return found.map(({ _id }) => _id);
  }

  private get slots() {
    return this.database.collection<SlotDocument>(COLLECTIONS.userSlots);
  }
}
