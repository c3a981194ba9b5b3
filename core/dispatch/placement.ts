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
 * The partition for an offer: of two random ones among those read by workers with room, the one with more free memory ("the power of two
 * choices", Mitzenmacher 1996: nearly as even as the best, and many dispatchers do not all pick the same). Any, when nobody has room.
 */
export function choosePartition(o: ChoosePartitionOptions): number {
  const candidates = candidatesOf(o);
  const first = pick(candidates, o.random);
  if (first === undefined) return indexBelow(o.partitions, o.random);
  const second = pick(
    candidates.filter((each) => each !== first),
    o.random,
  );
  return second !== undefined && second.memoryFreeMb > first.memoryFreeMb ? second.partition : first.partition;
}

function candidatesOf(o: ChoosePartitionOptions): readonly Candidate[] {
  return o.workers
    .filter((worker) => worker.memoryFreeMb >= o.memoryMb)
    .flatMap(({ memoryFreeMb, partitions }) => partitions.map((partition) => ({ partition, memoryFreeMb })))
    .filter(({ partition }) => partition >= 0 && partition < o.partitions);
}

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items.length === 0 ? undefined : items[indexBelow(items.length, random)];
}

function indexBelow(length: number, random: Random): number {
  return Math.floor(random.next() * length);
}
