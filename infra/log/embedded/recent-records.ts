/** The last records of the log in memory, for those who read them right after they were written: no query, no decoding. */
import type { PartitionOffset, StoredRecord, TopicPartition } from '../../../core/ports/topic-log.js';

/** What is kept at most, counted as below. Small, so that what lives here dies young; whoever is further behind reads the database. */
const MAX_BYTES = 1024 * 1024;
/** About what a record takes besides its value. */
const RECORD_BYTES = 600;

/** Records that were appended together to one partition. */
interface Chunk {
  readonly partition: string;
  readonly records: readonly StoredRecord[];
  readonly first: number;
  /** Behind its last record. */
  readonly end: number;
  readonly bytes: number;
}

/** Holds, for each partition, an unbroken run of records up to the last one that is durable, or nothing. The oldest go first. */
export class RecentRecords {
  private readonly byPartition = new Map<string, Chunk[]>();
  private oldestFirst: Chunk[] = [];
  private bytes = 0;

  constructor(private readonly maxBytes = MAX_BYTES) {}

  /** Adds what was appended to one partition, at least one record, now durable. */
  add(records: readonly StoredRecord[]): void {
    const [first] = records;
    if (first === undefined) return;
    const chunk = chunkOf(first, records);
    const known = this.byPartition.get(chunk.partition);
    if (known?.at(-1)?.end === chunk.first) known.push(chunk);
    else this.byPartition.set(chunk.partition, [chunk]);
    this.oldestFirst.push(chunk);
    this.bytes += chunk.bytes;
    while (this.bytes > this.maxBytes) this.dropOldest();
  }

  /** Durable records of a partition from an offset on, as many as are here; `null` when the first of them is not. */
  read(from: PartitionOffset, limit: number): readonly StoredRecord[] | null {
    const chunks = this.byPartition.get(nameOf(from)) ?? [];
    const start = chunks.findLastIndex((chunk) => chunk.first <= from.offset);
    if (start === -1 || from.offset > (chunks.at(-1)?.end ?? 0)) return null;
    const found: StoredRecord[] = [];
    for (let index = start; index < chunks.length && found.length < limit; index += 1) {
      const { records = [], first = 0 } = chunks[index] ?? {};
      const skipped = Math.max(0, from.offset - first);
      found.push(...records.slice(skipped, skipped + limit - found.length));
    }
    return found;
  }

  /** Forgets a partition: its older records were deleted. */
  forget(partition: TopicPartition): void {
    this.byPartition.delete(nameOf(partition));
  }

  private dropOldest(): void {
    const chunk = this.oldestFirst.shift();
    if (chunk === undefined) return;
    this.bytes -= chunk.bytes;
    const known = this.byPartition.get(chunk.partition);
    if (known?.[0] === chunk) known.shift();
  }
}

function chunkOf(first: StoredRecord, records: readonly StoredRecord[]): Chunk {
  const bytes = records.reduce((sum, record) => sum + RECORD_BYTES + record.value.length, 0);
  return { partition: nameOf(first), records, first: first.offset, end: first.offset + records.length, bytes };
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${String(partition)}/${topic}`;
}
