/** Lengths of time as people write them. */
import { InvalidArgumentError } from 'commander';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30s`, `5m`, `1h30m`, `2d`, `500ms`, `1.5h`; `null` when it is not a length of time. */
export function durationToMs(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) return null;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    total += Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  }
  return Number.isFinite(total) ? Math.round(total) : null;
}

/** `durationToMs` for an option: tells what would be right. */
export function parseDuration(text: string): number {
  const ms = durationToMs(text);
  if (ms === null || ms === 0) throw new InvalidArgumentError('Write a length of time: 30s, 5m, 1h30m or 2d.');
  return ms;
}

/** A point in time for an option, in milliseconds since the epoch: an ISO time, or how long ago. */
export function parseMoment(text: string, now: number): number {
  const ago = durationToMs(text);
  if (ago !== null) return now - ago;
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new InvalidArgumentError('Write how long ago (30m, 2h, 7d) or a time (2026-01-31T08:00:00Z).');
  return at;
}
