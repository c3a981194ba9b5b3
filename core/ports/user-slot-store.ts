/** Where the slots of users are kept whose active jobs are limited. */
import type { UserSlots } from '../quota/user-slots.js';

/** One small record for each such user. Rejects as `JobStore` does. */
export interface UserSlotStore {
  /** The slots of a user, as last committed; `null` when there never were any. */
  get(options: { readonly user: string }): Promise<UserSlots | null>;
  /**
   * Adds the record when `record.revision` is 1, else replaces it if the stored revision is one less: compare-and-set, atomic, durable when it resolves. False
   * otherwise, and nothing written.
   */
  put(options: { readonly record: UserSlots }): Promise<boolean>;
  /** Every user that has a record. */
  users(): Promise<readonly string[]>;
}
