/** Gives every key its partition. */
import { MaridError } from '../errors/marid-error.js';
import { fnv1a } from './fnv1a.js';

/** The partition of a key, always the same for the same number of partitions. `INTERNAL` when there are none. */
export function partitionOf(key: string, partitions: number): number {
  if (!Number.isInteger(partitions) || partitions < 1) {
    throw new MaridError('INTERNAL', `There is no partition among ${partitions}.`);
  }
  return fnv1a(key) % partitions;
}
