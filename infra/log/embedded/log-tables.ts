/**
 * The log's tables: topics, partitions with their next offset, records, and the offsets of groups. Records that were appended together share a row, under the offset of the last of them: half of the work of an
 * append is its rows.
 */
import type { LogRecord, StoredRecord, TopicPartition, TopicSettings } from '../../../core/ports/topic-log.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import { numberAt, textAt, type SqliteConnection, type SqlRow } from '../../store/sqlite/sqlite-connection.js';
import { packRecords, unpackRecords } from './packed-records.js';

/** A topic as stored. */
export interface Topic {
  readonly id: number;
  readonly name: string;
  readonly partitions: number;
  readonly retentionMs: number;
  /** Records of each partition that are kept; `null`: all of their time. */
  readonly retentionRecords: number | null;
}

const PUT_TOPIC = `INSERT INTO log_topics (name, partitions, retention_ms, retention_records) VALUES (?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET partitions = max(partitions, excluded.partitions),
    retention_ms = excluded.retention_ms, retention_records = excluded.retention_records`;
const PUT_PARTITION = `INSERT INTO log_partitions (topic, partition, next_offset, last_appended_at)
  VALUES ((SELECT id FROM log_topics WHERE name = ?), ?, 0, 0) ON CONFLICT (topic, partition) DO NOTHING`;
const NEXT = 'SELECT next_offset FROM log_partitions WHERE topic = ? AND partition = ?';
const ADVANCE = `UPDATE log_partitions SET next_offset = next_offset + ?, last_appended_at = max(last_appended_at, ?)
  WHERE topic = ? AND partition = ? RETURNING next_offset, last_appended_at`;
const APPEND = `INSERT INTO log_records (topic, partition, "offset", appended_at, meta, value) VALUES (?, ?, ?, ?, ?, ?)`;
const READ = `SELECT "offset", appended_at, meta, value FROM log_records
  WHERE topic = ? AND partition = ? AND "offset" >= ? ORDER BY "offset" LIMIT ?`;
/** Rows that are read at once, and records that one holds at most. */
const ROWS = 64;
const RECORDS_OF_A_ROW = 64;
const EXPIRED = `SELECT max("offset") FROM (SELECT "offset", appended_at FROM log_records
  WHERE topic = ? AND partition = ? ORDER BY "offset" LIMIT ?) WHERE appended_at < ? OR "offset" < ?`;
const EXPIRE = 'DELETE FROM log_records WHERE topic = ? AND partition = ? AND "offset" <= ?';
const COMMIT = `INSERT INTO log_offsets (group_name, topic, partition, "offset") VALUES (?, ?, ?, ?)
  ON CONFLICT (group_name, topic, partition) DO UPDATE SET "offset" = max("offset", excluded."offset")`;
const COMMITTED = 'SELECT "offset" FROM log_offsets WHERE group_name = ? AND topic = ? AND partition = ?';

/** Creates a topic, or adds partitions to it and sets its retention. */
export function putTopic(connection: SqliteConnection, settings: TopicSettings): void {
  const { topic, retentionMs, retentionRecords = null } = settings;
  connection.run(PUT_TOPIC, [topic, settings.partitions, retentionMs, retentionRecords]);
  for (let partition = 0; partition < settings.partitions; partition += 1) {
    connection.run(PUT_PARTITION, [settings.topic, partition]);
  }
}

/** All topics. */
export function readTopics(connection: SqliteConnection): readonly Topic[] {
  return connection.all('SELECT id, name, partitions, retention_ms, retention_records FROM log_topics').map((row) => ({
    id: numberAt(row, 0),
    name: textAt(row, 1),
    partitions: numberAt(row, 2),
    retentionMs: numberAt(row, 3),
    retentionRecords: row[4] === null ? null : numberAt(row, 4),
  }));
}

/** Appends records to one partition, at `now` or the time of the partition's last record if that is later; gives them as stored. */
export function appendRecords(
  connection: SqliteConnection,
  place: { readonly topicId: number; readonly partition: number; readonly now: number },
  records: readonly LogRecord[],
): readonly StoredRecord[] {
  const { topicId, partition, now } = place;
  const advanced = connection.get(ADVANCE, [records.length, now, topicId, partition]) ?? [];
  const first = numberAt(advanced, 0) - records.length;
  const appendedAt = numberAt(advanced, 1);
  for (let start = 0; start < records.length; start += RECORDS_OF_A_ROW) {
    const together = records.slice(start, start + RECORDS_OF_A_ROW);
    const { meta, value } = packRecords(together);
    connection.run(APPEND, [topicId, partition, first + start + together.length - 1, appendedAt, meta, value]);
  }
  return records.map((record, index) => ({ ...record, offset: first + index, appendedAt }));
}

/** Records of a partition from an offset on. */
export function readRecords(
  connection: SqliteConnection,
  topic: Topic,
  from: { readonly partition: number; readonly offset: number; readonly limit: number },
): readonly StoredRecord[] {
  const { partition, limit } = from;
  const found: StoredRecord[] = [];
  for (
    let offset = from.offset, rows: readonly SqlRow[] = [];
    found.length < limit;
    offset = numberAt(rows.at(-1) ?? [], 0) + 1
  ) {
    rows = connection.all(READ, [topic.id, partition, offset, ROWS]);
    for (const row of rows) found.push(...recordsOf(row, { topic: topic.name, partition }));
    if (rows.length < ROWS) break;
  }
  const first = found.findIndex(({ offset }) => offset >= from.offset);
  return first === -1 ? [] : found.slice(first, first + limit);
}

/** Next offset to be written to a partition. */
export function nextOffset(connection: SqliteConnection, topicId: number, partition: number): number {
  const row = connection.get(NEXT, [topicId, partition]);
  return row === null ? 0 : numberAt(row, 0);
}

/** Deletes rows of records appended before a time, and those before the last `most`, looking at the `limit` oldest; returns how many went. */
export function expireRecords(
  connection: SqliteConnection,
  place: { readonly topicId: number; readonly partition: number },
  options: { readonly before: number; readonly most: number | null; readonly limit: number },
): number {
  const { topicId, partition } = place;
  const { before, most, limit } = options;
  const firstKept = most === null ? 0 : nextOffset(connection, topicId, partition) - most;
  const last = connection.get(EXPIRED, [topicId, partition, limit, before, firstKept])?.[0] ?? null;
  if (typeof last !== 'number') return 0;
  return connection.run(EXPIRE, [topicId, partition, last]).changes;
}

/** Notes a group's offset; a lower one than noted changes nothing. */
export function commitOffset(
  connection: SqliteConnection,
  place: { readonly group: string; readonly topicId: number; readonly partition: number },
  offset: number,
): void {
  connection.run(COMMIT, [place.group, place.topicId, place.partition, offset]);
}

/** A group's noted offset; 0 when there is none. */
export function committedOffset(
  connection: SqliteConnection,
  place: { readonly group: string; readonly topicId: number; readonly partition: number },
): number {
  const row = connection.get(COMMITTED, [place.group, place.topicId, place.partition]);
  return row === null ? 0 : numberAt(row, 0);
}

function recordsOf(row: SqlRow, place: TopicPartition): readonly StoredRecord[] {
  const [last, appendedAt, value] = [numberAt(row, 0), numberAt(row, 1), row[3]];
  if (typeof value !== 'object' || value === null) {
    throw new MaridError('DATA_LOSS', 'A stored record of the log has no bytes; restore a copy of the database.');
  }
  const records = unpackRecords(textAt(row, 2), value);
  return records.map((record, index) => ({
    ...place,
    ...record,
    appendedAt,
    offset: last - records.length + 1 + index,
  }));
}
