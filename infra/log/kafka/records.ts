/** Records as Kafka's messages, and back. */
import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { LogRecord, StoredRecord, TopicPartition } from '../../../core/ports/topic-log.js';

/** A message with the partition that we chose. */
export function messageOf(record: LogRecord): Message & { readonly partition: number } {
  return {
    partition: record.partition,
    key: record.key === '' ? null : record.key,
    value: Buffer.from(record.value.buffer, record.value.byteOffset, record.value.byteLength),
    headers: { ...record.headers },
  };
}

/** A message as read. Its timestamp is when it was appended, because topics are made with `LogAppendTime`. */
export function recordOf(place: TopicPartition, message: KafkaMessage): StoredRecord {
  return {
    topic: place.topic,
    partition: place.partition,
    key: message.key === null ? '' : message.key.toString(),
    value: bytesOf(message.value),
    headers: headersOf(message.headers),
    offset: Number(message.offset),
    appendedAt: Number(message.timestamp),
  };
}

/** What a record takes in a request, about, in bytes. */
export function bytesOfRecord(record: LogRecord): number {
  let bytes = record.value.length + Buffer.byteLength(record.key) + 32;
  for (const [name, value] of Object.entries(record.headers))
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  return bytes;
}

/** Name of a partition, for maps. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${String(partition)}`;
}

/** A copy: a part of the driver's buffer would keep the whole answer alive as long as somebody keeps the record. Tombstones are empty. */
function bytesOf(value: Buffer | null): Uint8Array {
  return value === null ? new Uint8Array() : Uint8Array.from(value);
}

/** Of headers that come twice, the last counts. */
function headersOf(headers: IHeaders | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => {
      const last = Array.isArray(value) ? value.at(-1) : value;
      return [name, last === undefined ? '' : last.toString()];
    }),
  );
}
