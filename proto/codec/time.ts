/**
 * Milliseconds to protobuf's Timestamp and Duration and back. Parts finer than a millisecond are rounded away on the way back. The messages are written out, because `create` walks over
 * their descriptor, and a job has dozens of them.
 */
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';

const NANOS_PER_MS = 1_000_000;

/** A moment, from milliseconds since the epoch. */
export function toTimestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * NANOS_PER_MS);
  return { $typeName: 'google.protobuf.Timestamp', seconds: BigInt(seconds), nanos };
}

/** A moment, or absent for `null`. */
export function toOptionalTimestamp(ms: number | null): Timestamp | undefined {
  return ms === null ? undefined : toTimestamp(ms);
}

/** Milliseconds since the epoch; `null` when absent. */
export function fromTimestamp(timestamp: Timestamp | undefined): number | null {
  return timestamp === undefined ? null : millisecondsOf(timestamp);
}

/** A length of time, from milliseconds. */
export function toDuration(ms: number): Duration {
  const seconds = Math.trunc(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * NANOS_PER_MS);
  return { $typeName: 'google.protobuf.Duration', seconds: BigInt(seconds), nanos };
}

/** A length of time, or absent for `null`. */
export function toOptionalDuration(ms: number | null): Duration | undefined {
  return ms === null ? undefined : toDuration(ms);
}

/** Milliseconds; `null` when absent. */
export function fromDuration(duration: Duration | undefined): number | null {
  return duration === undefined ? null : millisecondsOf(duration);
}

function millisecondsOf(parts: { readonly seconds: bigint; readonly nanos: number }): number {
  return Number(parts.seconds) * 1000 + Math.round(parts.nanos / NANOS_PER_MS);
}
