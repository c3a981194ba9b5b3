/** Numbers as people write them in options. */
import { InvalidArgumentError } from 'commander';

const UNIT_MB: Readonly<Record<string, number>> = {
  '': 1,
  m: 1,
  mi: 1,
  mb: 1,
  mib: 1,
  g: 1024,
  gi: 1024,
  gb: 1024,
  gib: 1024,
  t: 1024 * 1024,
};

/** MiB of `512`, `512m`, `2g` or `1.5g`. */
export function parseMemoryMb(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text) ?? [];
  const factor = UNIT_MB[unit?.toLowerCase() ?? 'none'];
  const mb = factor === undefined ? Number.NaN : Math.ceil(Number(count) * factor);
  if (!(mb >= 1 && mb <= 2 ** 31 - 1))
    throw new InvalidArgumentError('Write an amount of memory: 512 (MiB), 512m or 2g.');
  return mb;
}

/** A whole number from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= 2 ** 31 - 1))
      throw new InvalidArgumentError(`Write a whole number from ${least} on.`);
    return value;
  };
}

/** Collects the values of an option that may be repeated. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** Collects values that may be repeated and separated by commas. */
export function collectList(text: string, before: readonly string[] | undefined): readonly string[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.includes('')) throw new InvalidArgumentError('An entry of the list is empty.');
  return [...(before ?? []), ...items];
}

/** Collects `NAME=VALUE`; the value may hold anything, also `=`. */
export function collectPairs(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write NAME=VALUE.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
