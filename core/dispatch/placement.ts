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
function roomierOfTwo(workers: readonly Candidate[], random: Random): Candidate | undefined {
  if (workers.length < 2) return pick(workers, random);
  const first = indexBelow(workers.length, random);
  const other = indexBelow(workers.length - 1, random);
  const [one, two] = [workers[first], workers[other < first ? other : other + 1]];
  return (two?.memoryFreeMb ?? 0) > (one?.memoryFreeMb ?? 0) ? two : one;
}

function readersOf({ workers, partitions: count }: ChoosePartitionOptions): readonly Candidate[] {
  const readers: Candidate[] = [];
  for (const { memoryFreeMb, partitions } of workers) {
    const partition = partitions.find((each) => each >= 0 && each < count);
    if (partition !== undefined) readers.push({ partition, memoryFreeMb });
  }
  return readers;
}

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items.length === 0 ? undefined : items[indexBelow(items.length, random)];
}

function indexBelow(length: number, random: Random): number {
  return Math.floor(random.next() * length);
}
