/** Durations for people. */

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** For example `850 ms`, `12 s`, `3 min 5 s` or `7 d`: the two largest units; 0 for what lies in the past. */
export function durationText(ms: number): string {
  const total = Math.max(0, Math.round(ms));
  const first = UNITS.findIndex(([, size]) => total >= size);
  if (first === -1) return `${total} ms`;
  let rest = total;
  const parts: string[] = [];
  for (const [name, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ');
}
