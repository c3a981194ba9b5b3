/** Chooses where an offer is likely to be taken at once. */
import type { Random } from '../ports/random.js';

/** Options of `choosePartition`. */
export interface ChoosePartitionOptions {
  /** Partitions of the pool's topic, at least 1. */
  readonly partitions: number;
  /** Memory that the job reserves, in MiB. */
  readonly memoryMb: number;
  /** The pool's workers that take jobs, as last heard. */
  readonly workers: readonly { readonly memoryFreeMb: number; readonly partitions: readonly number[] }[];
  readonly random: Random;
}

interface Candidate {
  readonly partition: number;
  readonly memoryFreeMb: number;
}

/**
 * The partition for an offer: that of the worker with more free memory of two random ones that have room ("the power of two choices", Mitzenmacher 1996: nearly as even as the best, and
 * many dispatchers do not all pick the same); of any worker, when none has room; any partition, when none is known to be read. Of a worker's partitions it is always the first, so that offers that are
 * written together lie together.
 */
export function choosePartition(o: ChoosePartitionOptions): number {
  const readers = readersOf(o);
  const roomy = readers.filter(({ memoryFreeMb }) => memoryFreeMb >= o.memoryMb);
  const chosen = roomierOfTwo(roomy, o.random) ?? pick(readers, o.random);
  return chosen?.partition ?? indexBelow(o.partitions, o.random);
}

/** Of two random ones that with more free memory; `undefined` when there are none. */
export function roomierOfTwo<T extends { readonly memoryFreeMb: number }>(
  workers: readonly T[],
  random: Random,
): T | undefined {
  const first = pick(workers, random);
  const second = pick(
    workers.filter((each) => each !== first),
    random,
  );
  return first !== undefined && second !== undefined && second.memoryFreeMb > first.memoryFreeMb ? second : first;
}

function readersOf({ workers, partitions: count }: ChoosePartitionOptions): readonly Candidate[] {
  return workers.flatMap(({ memoryFreeMb, partitions }) => {
    const partition = partitions.find((each) => each >= 0 && each < count);
    return partition === undefined ? [] : [{ partition, memoryFreeMb }];
  });
}

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items.length === 0 ? undefined : items[indexBelow(items.length, random)];
}

function indexBelow(length: number, random: Random): number {
  return Math.floor(random.next() * length);
}
