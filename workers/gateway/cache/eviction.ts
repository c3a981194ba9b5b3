/** What leaves the cache when it is too large. Pure. */

/** A cached file, as far as eviction cares. */
export interface Evictable {
  readonly key: string;
  readonly sizeBytes: number;
  /** When a job last got it, milliseconds since the epoch. */
  readonly usedAt: number;
  /** Whether folders of jobs link to it: its bytes stay on the disk until they are gone. */
  readonly linked: boolean;
  /** Whether an attempt that has not ended uses it: it stays. */
  readonly inUse: boolean;
}

/** Keys to remove so that at most `capBytes` are left: least recently used first, those that nobody links to before the others. */
export function chooseVictims<T extends Evictable>(files: readonly T[], capBytes: number): readonly T[] {
  let excess = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) - capBytes;
  const order = files
    .filter(({ inUse }) => !inUse)
    .sort((a, b) => Number(a.linked) - Number(b.linked) || a.usedAt - b.usedAt);
  return order.filter(({ sizeBytes }) => {
    const chosen = excess > 0;
    if (chosen) excess -= sizeBytes;
    return chosen;
  });
}
