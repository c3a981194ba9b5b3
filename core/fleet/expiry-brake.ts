/** Keeps many workers of a pool from being given up at once: then it is more likely that something between us and them has failed. */
import { isInService } from './silence.js';
import type { WorkerRecord } from './worker-record.js';

/** How far back expired workers count, milliseconds. */
const WINDOW_MS = 60_000;
/** So many workers may always expire within the window. */
const LEAST_LIMIT = 3;
/** Part of a pool's workers that may expire within the window. */
const LIMIT_PART = 0.2;

/** A pool of which too many workers are silent: none of them expires, unless it was released by hand. */
export interface ExpiryBrake {
  readonly pool: string;
  /** Silent workers that own attempts, and those that expired within the last minute. */
  readonly silent: number;
  /** Workers of the pool, these included. */
  readonly workers: number;
  /** So many may expire within a minute. */
  readonly limit: number;
}

/** A worker that is silent for longer than its lease. */
export interface SilentWorker {
  readonly record: WorkerRecord;
  /** For how long nothing was heard of it, milliseconds. */
  readonly silentMs: number;
  /** Attempts that it owns. */
  readonly attempts: number;
}

/** The brakes that hold. Workers that stopped, own nothing or were released do not count. */
export function findBrakes(o: {
  readonly workers: readonly WorkerRecord[];
  readonly silent: readonly SilentWorker[];
  readonly now: number;
}): readonly ExpiryBrake[] {
  const pools = [...new Set(o.silent.map(({ record }) => record.pool))].sort();
  return pools.map((pool) => brakeOf(pool, o)).filter(({ silent, limit }) => silent > limit);
}

function brakeOf(
  pool: string,
  o: { readonly workers: readonly WorkerRecord[]; readonly silent: readonly SilentWorker[]; readonly now: number },
): ExpiryBrake {
  const inPool = o.workers.filter((record) => record.pool === pool);
  const expired = inPool.filter((record) => expiredLately(record, o.now)).length;
  const workers = inPool.filter(isInService).length + expired;
  const counted = o.silent.filter(({ record, attempts }) => record.pool === pool && attempts > 0 && !record.released);
  const limit = Math.max(LEAST_LIMIT, Math.floor(workers * LIMIT_PART));
  return { pool, silent: counted.length + expired, workers, limit };
}

function expiredLately({ expired, released }: WorkerRecord, now: number): boolean {
  return expired !== null && expired.attempts > 0 && !released && now - expired.at < WINDOW_MS;
}

/** A brake in one sentence, for people. */
export function brakeText({ pool, silent, workers, limit }: ExpiryBrake): string {
  const counts = `${silent} of ${workers} workers of pool ${pool} are silent or were given up within the last minute`;
  return `${counts}, more than ${limit}: no more are given up until some are back, or \`marid workers release ${pool}\`.`;
}
