/** Records that arrived while their topic was paused. */
import type { StoredRecord, TopicPartition } from '../../../core/ports/topic-log.js';

/** Keeps records of paused topics, in order, until they are resumed. What was sent before the server heard of a pause bounds it. */
export class HeldRecords {
  private records: StoredRecord[] = [];

  /** Keeps the records of paused topics and returns the others. A record never overtakes a held one of its topic. */
  pass(records: readonly StoredRecord[], paused: ReadonlySet<string>): readonly StoredRecord[] {
    const holding = new Set([...paused, ...this.records.map((record) => record.topic)]);
    this.records.push(...records.filter((record) => holding.has(record.topic)));
    return records.filter((record) => !holding.has(record.topic));
  }

  /** Takes the records of topics that are not paused any more. */
  release(paused: ReadonlySet<string>): readonly StoredRecord[] {
    const released = this.records.filter((record) => !paused.has(record.topic));
    this.records = this.records.filter((record) => paused.has(record.topic));
    return released;
  }

  /** Drops the records of partitions that are not assigned any more. */
  retain(assigned: readonly TopicPartition[]): void {
    const names = new Set(assigned.map(nameOf));
    this.records = this.records.filter((record) => names.has(nameOf(record)));
  }
}

function nameOf(partition: TopicPartition): string {
  return `${partition.topic}/${partition.partition}`;
}
