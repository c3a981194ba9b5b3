/** Identity of content. */
import { hash } from 'node:crypto';

/** SHA-256, in hexadecimal, of a plain value as JSON with sorted keys: the same for the same content, however it was written. */
export function contentHash(value: unknown): string {
  return hash('sha256', canonicalJson(value));
}

/** JSON with the keys of every object sorted by their code units. `value` is plain JSON. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/** A copy: quicker to make and write than `JSON.stringify` with a function for each value. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    if (key === '__proto__') Object.defineProperty(copy, key, { value: sorted(value[key]), enumerable: true });
    else copy[key] = sorted(value[key]);
  }
  return copy;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
