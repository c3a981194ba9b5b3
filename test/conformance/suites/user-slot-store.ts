/** What every `UserSlotStore` does. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { UserSlotStore } from '../../../core/ports/user-slot-store.js';
import type { UserSlots } from '../../../core/quota/user-slots.js';
import { uniqueName } from '../../support/job-fixtures.js';

/** A store under test. */
export interface UserSlotStoreHarness {
  readonly store: UserSlotStore;
  close(): Promise<void>;
}

/** Runs the suite. `open` gives a store that it may keep for all tests. */
export function userSlotStoreSuite(product: string, open: () => Promise<UserSlotStoreHarness>): void {
  describe(`UserSlotStore: ${product}`, () => {
    let harness: UserSlotStoreHarness;
    let store: UserSlotStore;
    beforeAll(async () => {
      harness = await open();
      store = harness.store;
    });
    afterAll(() => harness.close());

    const record = (changes: Partial<UserSlots> = {}): UserSlots => ({
      ...{ user: uniqueName('user'), revision: 1, slots: [{ jobId: 'a', since: 1 }] },
      ...changes,
    });

    test('a record is added once and then replaced revision by revision', async () => {
      const first = record();
      expect(await store.get({ user: first.user })).toBeNull();
      expect(await store.put({ record: first })).toBe(true);
      expect(await store.put({ record: { ...first, slots: [] } })).toBe(false);
      const slots = [...first.slots, { jobId: 'b', since: 2 }];
      expect(await store.put({ record: { ...first, revision: 2, slots } })).toBe(true);
      expect(await store.put({ record: { ...first, revision: 4 } })).toBe(false);
      expect(await store.get({ user: first.user })).toEqual({ user: first.user, revision: 2, slots });
      expect(await store.put({ record: { ...first, revision: 3, slots: [] } })).toBe(true);
      expect((await store.get({ user: first.user }))?.slots).toEqual([]);
    });

    test('a later revision of a record that is not there is refused', async () => {
      const later = record({ revision: 2 });
      expect(await store.put({ record: later })).toBe(false);
      expect(await store.get({ user: later.user })).toBeNull();
    });

    test.each([1, 2])('of many concurrent puts of revision %d exactly one wins', async (revision) => {
      const first = record();
      if (revision === 2) await store.put({ record: first });
      const contenders = Array.from({ length: 20 }, (_, index) => [{ jobId: String(index), since: index }]);
      const results = await Promise.all(
        contenders.map((slots) => store.put({ record: { user: first.user, revision, slots } })),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      expect((await store.get({ user: first.user }))?.slots).toEqual(contenders[results.indexOf(true)]);
    });

    test('any name of a user is kept apart from others, and listed', async () => {
      const base = uniqueName('user');
      const names = [base, base.toUpperCase(), `${base} $.x`, `${base}\u00fc\u{1F600}`, `${base}/../x'"`];
      await Promise.all(
        names.map((user) => store.put({ record: record({ user, slots: [{ jobId: user, since: 1 }] }) })),
      );
      for (const user of names) expect((await store.get({ user }))?.slots[0]?.jobId).toBe(user);
      expect(await store.users()).toEqual(expect.arrayContaining(names));
    });

    test('thousands of slots are kept', async () => {
      const slots = Array.from({ length: 10_000 }, (_, index) => ({
        jobId: `${'j'.repeat(30)}${String(index)}`,
        since: index,
      }));
      const large = record({ slots });
      expect(await store.put({ record: large })).toBe(true);
      expect((await store.get({ user: large.user }))?.slots).toHaveLength(10_000);
    });
  });
}
