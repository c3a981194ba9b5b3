/**
 * How long nothing was heard of a worker. Beats are compared with the watermark of their partition, both by the log's clock, so that whoever reads slowly, or does not read at all, misses nobody.
 */
import type { WorkerRecord } from './worker-record.js';

/**
 * Part of the lease by which a record's `seenAt` may lag behind the last renewal that was acknowledged. A launcher kills at 0.80 of the lease, so that it has done so when the lease has
 * passed since `seenAt`.
 */
export const RENEWAL_WRITTEN_PART = 0.2;

/** What was read of one partition of the heartbeats. Times are append times, milliseconds since the epoch. */
export interface PartitionReading {
  /** Of the first record since reading began: nobody can say who beat before. */
  readonly since: number;
  /** Watermark: of the last record. */
  readonly until: number;
}

/** The last beat of a worker's session that was read. */
export interface SeenBeat {
  readonly partition: number;
  /** When it was appended, milliseconds since the epoch. */
  readonly at: number;
}

/** What is known of a worker. */
export interface WorkerSigns {
  readonly record: WorkerRecord;
  /** When this control plane last heard of it in any way, milliseconds since the epoch. */
  readonly seenAt: number;
  /** By `beatSilenceMs`. */
  readonly beatSilenceMs: number | null;
}

/**
 * For how long the log has no beat of a worker, as far as it was read; `null`: not known. Without a beat, the partition that knows least counts, because it is not known in which one the worker beats.
 */
export function beatSilenceMs(beat: SeenBeat | null, readings: readonly (PartitionReading | null)[]): number | null {
  const own = beat === null ? null : readings[beat.partition];
  if (beat !== null && own !== undefined) return own === null ? null : own.until - Math.max(beat.at, own.since);
  const lengths = readings.map((reading) => (reading === null ? null : reading.until - reading.since));
  return lengths.reduce(
    (least, length) => (least === null || length === null ? null : Math.min(least, length)),
    Infinity,
  );
}

/** For how long nothing at all was heard of a worker: neither a beat nor a call; 0 when that is not known. Milliseconds. */
export function silenceMs({ seenAt, beatSilenceMs: beats }: WorkerSigns, now: number): number {
  return beats === null ? 0 : Math.max(0, Math.min(now - seenAt, beats));
}

/** Whether a worker has a session that could end. */
export function isInService({ stopped, expired }: WorkerRecord): boolean {
  return !stopped && expired === null;
}
