/** What of each partition was handed over, so that a rebalance brings nothing twice to somebody who kept the partition. */
import type { PartitionOffset, StoredRecord, TopicPartition } from '../../../core/ports/topic-log.js';
import { keyOf } from './records.js';

interface Place {
  /** Next offset to hand over. */
  readonly next: number;
  /** Offset and time of the last record that was seen; -1 before any. */
  readonly seen: number;
  readonly seenAt: number;
}

/** A record that was handed over. */
export interface SeenRecord {
  readonly offset: number;
  /** When it was appended, milliseconds since the epoch. */
  readonly appendedAt: number;
}

/** Silence of a partition in which it can have been deleted, made again and filled beyond the place where it was read, milliseconds. */
const DOUBT_AFTER_MS = 1_000;

/** What is to be done with records that were read. */
export type Admission =
  /** Those from `from` on are new; may be none. `doubt`: the record before them, if it is so much older that the partition may have been made anew in between. */
  | { readonly kind: 'go-on'; readonly from: number; readonly doubt: SeenRecord | null }
  /** Nothing is new, and the next that is has this offset. */
  | { readonly kind: 'skip'; readonly next: number }
  /** The partition was made anew: everything is new, and what was known of it is void. */
  | { readonly kind: 'anew' };

/**
 * Offsets that were handed over come again after every rebalance, from what the group has committed, and with no meaning of their own when a topic is
 * deleted and made again. The times tell them apart: those of a partition never go back (`LogAppendTime`), so an offset that was seen, with a
 * later time, is a new one.
 */
export class ReadProgress {
  private readonly places = new Map<string, Place>();

  /** `positions`: where to start; partitions that are not named start wherever the log does. */
  constructor(positions: readonly PartitionOffset[] = []) {
    for (const position of positions) this.places.set(keyOf(position), { next: position.offset, seen: -1, seenAt: -1 });
  }

  /** Forgets the partitions that are not among these. */
  retain(partitions: readonly TopicPartition[]): void {
    const kept = new Set(partitions.map(keyOf));
    for (const key of this.places.keys()) if (!kept.has(key)) this.places.delete(key);
  }

  /** Looks at records that were read next from a partition: their first and last. */
  admit(first: StoredRecord, last: StoredRecord): Admission {
    const place = this.places.get(keyOf(first));
    if (place === undefined) return { kind: 'go-on', from: first.offset, doubt: null };
    if (first.offset >= place.next) return { kind: 'go-on', from: first.offset, doubt: doubtOf(place, first) };
    if (first.offset <= place.seen && first.appendedAt > place.seenAt) {
      this.places.delete(keyOf(first));
      return { kind: 'anew' };
    }
    if (last.offset >= place.next) return { kind: 'go-on', from: place.next, doubt: null };
    if (last.offset > place.seen)
      this.places.set(keyOf(last), { ...place, seen: last.offset, seenAt: last.appendedAt });
    return { kind: 'skip', next: place.next };
  }

  /** Forgets a partition that was made anew. */
  forget(partition: TopicPartition): void {
    this.places.delete(keyOf(partition));
  }

  /** Notes that everything up to this record was handed over. */
  advance(last: StoredRecord): void {
    this.places.set(keyOf(last), { next: last.offset + 1, seen: last.offset, seenAt: last.appendedAt });
  }
}

function doubtOf({ seen, seenAt }: Place, next: StoredRecord): SeenRecord | null {
  return seen >= 0 && next.appendedAt - seenAt > DOUBT_AFTER_MS ? { offset: seen, appendedAt: seenAt } : null;
}
