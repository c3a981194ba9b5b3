/** Caches whose memory grows with what is in them. */
import { LRUCache } from 'lru-cache';

/** The `most` values that were used last. With `max`, the library takes the memory of a full cache at once: some megabytes for those that hardly ever fill. */
export function growingCache<K extends string, V extends NonNullable<unknown>>(most: number): LRUCache<K, V> {
  return new LRUCache({ maxSize: most, sizeCalculation: () => 1 });
}
