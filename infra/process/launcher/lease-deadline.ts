/** When a launcher ends its processes because its worker has not renewed the lease. Pure but for the clock it is handed. */
import type { Clock } from '../../../core/ports/clock.js';

/** Share of the lease after which processes are terminated, when nobody ever renewed. */
const TERMINATE_SHARE = 0.7;
/** Share of the lease after which they are killed. */
const KILL_SHARE = 0.8;

/** Whether processes may run (`held`), have to end (`terminate`) or must not exist any more (`kill`). */
export type LeasePhase = 'held' | 'terminate' | 'kill';

/** Deadlines of a renewal, counted from when it was sent. */
export interface LeaseRenewal {
  readonly terminateInMs: number;
  readonly killInMs: number;
  /** How old the renewal is on arrival, in milliseconds. Default: 0. */
  readonly ageMs?: number;
}

/**
 * The lease of one worker. Time is what has passed by the monotonic clock or by the wall clock, whichever is more: the first stands still while a machine sleeps,
 * and a worker whose machine slept has lost its jobs to others. The price: a wall clock set forward by most of a lease ends jobs.
 */
export class LeaseDeadline {
  private readonly clock: Clock;
  private readonly leaseMs: number;
  private renewed = false;
  private startedMonotonic = 0;
  private startedWall = 0;
  private terminateMs = 0;
  private killMs = 0;

  constructor(options: { readonly clock: Clock; /** Lease until the first renewal. */ readonly leaseMs: number }) {
    this.clock = options.clock;
    this.leaseMs = options.leaseMs;
    this.reset();
  }

  /** Sets new deadlines, later or earlier than the old ones. */
  renew(renewal: LeaseRenewal): void {
    this.renewed = true;
    const ageMs = Math.max(0, renewal.ageMs ?? 0);
    this.arm(renewal.terminateInMs - ageMs, Math.max(renewal.terminateInMs, renewal.killInMs) - ageMs);
  }

  /** As at the beginning: the default lease, from now. */
  reset(): void {
    this.renewed = false;
    this.arm(this.leaseMs * TERMINATE_SHARE, this.leaseMs * KILL_SHARE);
  }

  /** The default lease begins anew unless there was a renewal: for the first process of a worker that has not renewed yet. */
  resetUnlessRenewed(): void {
    if (!this.renewed) this.reset();
  }

  /** Where the lease is now. */
  get phase(): LeasePhase {
    const elapsed = this.elapsed;
    if (elapsed >= this.killMs) return 'kill';
    return elapsed >= this.terminateMs ? 'terminate' : 'held';
  }

  /** Milliseconds to termination; 0 when it is due. */
  get terminateInMs(): number {
    return Math.max(0, this.terminateMs - this.elapsed);
  }

  /** Milliseconds to the kill; 0 when it is due. */
  get killInMs(): number {
    return Math.max(0, this.killMs - this.elapsed);
  }

  private arm(terminateMs: number, killMs: number): void {
    this.startedMonotonic = this.clock.monotonic();
    this.startedWall = this.clock.now();
    this.terminateMs = terminateMs;
    this.killMs = killMs;
  }

  private get elapsed(): number {
    return Math.max(this.clock.monotonic() - this.startedMonotonic, this.clock.now() - this.startedWall);
  }
}
