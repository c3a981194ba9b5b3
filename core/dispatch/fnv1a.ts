/** FNV-1a, 32 bits: a fast hash without secrets (Fowler, Noll, Vo; draft-eastlake-fnv). */

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** Hash of the text's UTF-8 bytes, in [0, 2^32). */
export function fnv1a(text: string): number {
  let hash = OFFSET_BASIS;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, PRIME);
  }
  return hash >>> 0;
}
