/** Offers that wait for a worker's next call, in place of the log. */
import type { Room } from '../../../core/dispatch/room.js';
import type { Clock } from '../../../core/ports/clock.js';
import { firstOf } from '../first-of.js';

/** How long after the last call of its workers a pool counts as one that asks, milliseconds: a worker with room asks again at once. */
const ASKED_MS = 5000;
/** Offers of a pool that may wait. What is beyond is found in the store. */
const MAX_OFFERS = 20_000;
/** Offers that are looked at for one call. */
const MAX_LOOKED_AT = 512;

/** A job that waits. */
export interface DirectOffer {
  readonly id: string;
  /** MiB. */
  readonly memoryMb: number;
}

interface Pool {
  /** When a worker of it asked last, on the monotonic clock. */
  askedAt: number;
  /** By job, in their order. */
  readonly offers: Map<string, DirectOffer>;
}

/** Hints, as those in the log are: what is lost here is offered again by the dispatch loop, or found in the store. */
export class DirectOffers {
  private readonly pools = new Map<string, Pool>();

  constructor(private readonly clock: Clock) {}

  /** A worker of the pool asks, and waits when there is nothing. */
  asked(name: string): void {
    const pool = this.pools.get(name) ?? { askedAt: 0, offers: new Map<string, DirectOffer>() };
    pool.askedAt = this.clock.monotonic();
    this.pools.set(name, pool);
  }

  /** Keeps an offer; false when no worker of the pool has asked lately. */
  add(name: string, { id, memoryMb }: DirectOffer): boolean {
    const pool = this.pools.get(name);
    if (pool === undefined) return false;
    if (this.clock.monotonic() - pool.askedAt > ASKED_MS) {
      this.pools.delete(name);
      return false;
    }
    if (pool.offers.size < MAX_OFFERS) pool.offers.set(id, { id, memoryMb });
    return true;
  }

  /** Takes out what fits together. */
  take(name: string, room: Room): readonly DirectOffer[] {
    const offers = this.pools.get(name)?.offers ?? new Map<string, DirectOffer>();
    const taken = room.takeFitting(firstOf(offers.values(), MAX_LOOKED_AT));
    for (const { id } of taken) offers.delete(id);
    return taken;
  }
}
