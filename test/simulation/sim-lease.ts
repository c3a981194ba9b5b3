/** `LeasePort` of the simulation. */
import type { Clock } from '../../core/ports/clock.js';
import type { LeasePort } from '../../core/ports/lease-port.js';
import type { Link } from './link.js';

/** Leases by name: who holds them until when, by the server's clock. */
export type LeaseState = Map<string, { readonly holder: string; readonly until: number }>;

/** The lease server as one process reaches it. */
export class SimLease implements LeasePort {
  constructor(
    private readonly state: LeaseState,
    private readonly link: Link,
    private readonly clock: Clock,
  ) {}

  acquire(options: { readonly name: string; readonly holder: string; readonly ttlMs: number }): Promise<boolean> {
    const { name, holder, ttlMs } = options;
    return this.link.call(() => {
      const now = this.clock.monotonic();
      const known = this.state.get(name);
      if (known !== undefined && known.holder !== holder && known.until > now) return false;
      this.state.set(name, { holder, until: now + ttlMs });
      return true;
    });
  }

  release({ name, holder }: { readonly name: string; readonly holder: string }): Promise<void> {
    return this.link.call(() => {
      if (this.state.get(name)?.holder === holder) this.state.delete(name);
    });
  }

  /** Nothing to end. */
  async close(): Promise<void> {
    return Promise.resolve();
  }
}
