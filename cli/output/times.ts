/** Times and amounts for people. */
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import { durationMs, timestampMs } from '@bufbuild/protobuf/wkt';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A length in its two largest units, for example `2h5m`, `41s` or `0.35s`. */
export function formatLength(ms: number): string {
  if (ms < 10_000) return `${Number((Math.max(0, ms) / 1000).toFixed(2))}s`;
  const parts: string[] = [];
  let left = ms;
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(left / unitMs);
    left -= count * unitMs;
    if (count > 0) parts.push(`${count}${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join('');
}

/** How long ago, for example `5m ago`; empty when the time is not given. */
export function formatAge(time: Timestamp | undefined, now: number): string {
  if (time === undefined) return '';
  const ms = now - timestampMs(time);
  if (ms < 0) return `in ${formatLength(-ms)}`;
  return ms < 1000 ? 'now' : `${formatLength(Math.floor(ms / 1000) * 1000)} ago`;
}

/** ISO 8601 in UTC with milliseconds; empty when the time is not given. */
export function formatTime(time: Timestamp | undefined): string {
  return time === undefined ? '' : new Date(timestampMs(time)).toISOString();
}

/** A duration message; empty when it is not given. */
export function formatDuration(duration: Duration | undefined): string {
  return duration === undefined ? '' : formatLength(durationMs(duration));
}

/** Bytes in the largest binary unit, for example `1.5 MiB`. */
export function formatBytes(bytes: number | bigint): string {
  let value = Number(bytes);
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1024) return `${Number(value.toFixed(1))} ${unit}`;
    value /= 1024;
  }
  return `${Number(value.toFixed(1))} TiB`;
}
