/** `UserSlotStore` of the simulation. */
import type { UserSlotStore } from '../../core/ports/user-slot-store.js';
import type { UserSlots } from '../../core/quota/user-slots.js';
import type { Link } from './link.js';
import type { StoreState } from './store-state.js';

/** The store as one process reaches it. */
export class SimUserSlotStore implements UserSlotStore {
  constructor(
    private readonly state: StoreState,
    private readonly link: Link,
  ) {}

  get({ user }: { readonly user: string }): Promise<UserSlots | null> {
    return this.link.call(() => this.state.slots.get(user) ?? null);
  }

  put({ record }: { readonly record: UserSlots }): Promise<boolean> {
    return this.link.call(() => {
      if ((this.state.slots.get(record.user)?.revision ?? 0) !== record.revision - 1) return false;
      this.state.slots.set(record.user, record);
      return true;
    });
  }

  users(): Promise<readonly string[]> {
    return this.link.call(() => [...this.state.slots.keys()]);
  }
}
