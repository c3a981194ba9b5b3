/** Which offsets a consumer may commit when it settles records out of order. */
import type { PartitionOffset, TopicPartition } from '../ports/topic-log.js';

interface Progress {
  readonly topic: string;
  readonly partition: number;
  readonly unsettled: Set<number>;
  /** Behind the highest offset tracked. */
  next: number;
  /** Last offset given out, or -1. */
  given: number;
}

/** Tracks records from being read to being settled; an offset is committable only when everything below it is settled. */
export class OffsetTracker {
  readonly #progress = new Map<string, Progress>();

  /** A record was read. Offsets may have gaps; reading one again makes it unsettled again. */
  track(p: TopicPartition, offset: number): void {
    const key = keyOf(p);
    const known = this.#progress.get(key) ?? newProgress(p);
    this.#progress.set(key, known);
    known.unsettled.add(offset);
    known.next = Math.max(known.next, offset + 1);
  }

  /** A record needs no further work. Ignored for records that are not tracked, for example of a partition that was taken away. */
  settle(p: TopicPartition, offset: number): void {
    this.#progress.get(keyOf(p))?.unsettled.delete(offset);
  }

  /** Offsets that have advanced since the last call, to be committed. If that fails, a later call covers them. */
  committable(): readonly PartitionOffset[] {
    const advanced: PartitionOffset[] = [];
    for (const progress of this.#progress.values()) {
      const offset = lowest(progress);
      if (offset <= progress.given) continue;
      progress.given = offset;
      advanced.push({ topic: progress.topic, partition: progress.partition, offset });
    }
    return advanced;
  }

  /** Forgets the partitions that are not assigned any more. */
  retain(assigned: readonly TopicPartition[]): void {
    const kept = new Set(assigned.map(keyOf));
    for (const key of this.#progress.keys()) {
      if (!kept.has(key)) this.#progress.delete(key);
    }
  }
}

function newProgress({ topic, partition }: TopicPartition): Progress {
  return { topic, partition, unsettled: new Set(), next: 0, given: -1 };
}

function lowest(progress: Progress): number {
  let result = progress.next;
  for (const offset of progress.unsettled) result = Math.min(result, offset);
  return result;
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
