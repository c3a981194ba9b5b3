/** Which sessions end because nothing was heard of their workers. */
import { findBrakes, type ExpiryBrake, type SilentWorker } from './expiry-brake.js';
import type { WorkerRecord } from './worker-record.js';

/** What a sweep has found. */
export interface ExpiryFacts {
  /** All workers that are known. */
  readonly workers: readonly WorkerRecord[];
  /** Those in service of which nothing was heard for longer than their lease. */
  readonly silent: readonly SilentWorker[];
  /** What the sweep before returned; empty after a pause. */
  readonly suspects: ReadonlySet<string>;
  /** How much longer than its lease a worker must be silent, milliseconds. */
  readonly graceMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a sweep decides. */
export interface ExpiryPlan {
  /** Workers whose sessions end if a last call to them fails as well. */
  readonly due: readonly SilentWorker[];
  /** For the next sweep: two in a row have to agree. */
  readonly suspects: ReadonlySet<string>;
  readonly brakes: readonly ExpiryBrake[];
}

/** Decides. Pure: what it is not told counts as a sign of life. */
export function planExpiry(facts: ExpiryFacts): ExpiryPlan {
  const brakes = findBrakes(facts);
  const held = new Set(brakes.map(({ pool }) => pool));
  const overdue = facts.silent.filter(({ record, silentMs }) => silentMs > record.leaseTtlMs + facts.graceMs);
  const due = overdue.filter(({ record, attempts }) => {
    const free = attempts === 0 || record.released || !held.has(record.pool);
    return free && facts.suspects.has(suspectKey(record));
  });
  return { due, suspects: new Set(overdue.map(({ record }) => suspectKey(record))), brakes };
}

function suspectKey({ id, session }: WorkerRecord): string {
  return `${id} ${session}`;
}

/** Whether whatever a worker still owns is lost: its session was ended, or it said that it ends, and has had the time to end. */
export function isOver(record: WorkerRecord, o: { readonly graceMs: number; readonly now: number }): boolean {
  return record.expired !== null || (record.stopped && o.now - record.seenAt > record.leaseTtlMs + o.graceMs);
}
