/** Records and places of the log. */
import { create } from '@bufbuild/protobuf';
import type { LogRecord, PartitionOffset, StoredRecord, TopicPartition } from '../../core/ports/topic-log.js';
import {
  LogHeaderSchema,
  LogRecordSchema,
  PartitionOffsetSchema,
  TopicPartitionSchema,
  type LogRecord as LogRecordMessage,
  type PartitionOffset as PartitionOffsetMessage,
  type TopicPartition as TopicPartitionMessage,
} from '../gen/marid/v1/log_service_pb.js';
import { fromTimestamp, toTimestamp } from './time.js';

/** A record to append as a message. */
export function logRecordToMessage(record: LogRecord): LogRecordMessage {
  return create(LogRecordSchema, {
    topic: record.topic,
    partition: record.partition,
    key: record.key,
    value: record.value,
    headers: Object.entries(record.headers).map(([name, value]) => create(LogHeaderSchema, { name, value })),
  });
}

/** The record to append of a message. */
export function logRecordFromMessage(message: LogRecordMessage): LogRecord {
  return {
    topic: message.topic,
    partition: message.partition,
    key: message.key,
    value: message.value,
    headers: Object.fromEntries(message.headers.map((header) => [header.name, header.value])),
  };
}

/** A record as read as a message. */
export function storedRecordToMessage(record: StoredRecord): LogRecordMessage {
  const message = logRecordToMessage(record);
  message.offset = BigInt(record.offset);
  message.appendTime = toTimestamp(record.appendedAt);
  return message;
}

/** The record as read of a message. */
export function storedRecordFromMessage(message: LogRecordMessage): StoredRecord {
  return {
    ...logRecordFromMessage(message),
    offset: Number(message.offset),
    appendedAt: fromTimestamp(message.appendTime) ?? 0,
  };
}

/** The name of a partition as a message. */
export function topicPartitionToMessage(partition: TopicPartition): TopicPartitionMessage {
  return create(TopicPartitionSchema, { topic: partition.topic, partition: partition.partition });
}

/** The name of a partition of a message. */
export function topicPartitionFromMessage(message: TopicPartitionMessage): TopicPartition {
  return { topic: message.topic, partition: message.partition };
}

/** A place in a partition as a message. */
export function partitionOffsetToMessage(offset: PartitionOffset): PartitionOffsetMessage {
  return create(PartitionOffsetSchema, {
    topic: offset.topic,
    partition: offset.partition,
    offset: BigInt(offset.offset),
  });
}

/** The place in a partition of a message. */
export function partitionOffsetFromMessage(message: PartitionOffsetMessage): PartitionOffset {
  return { topic: message.topic, partition: message.partition, offset: Number(message.offset) };
}
