/** The log's tables: topics, partitions with their next offset, records, and the offsets of groups. */
import type { LogRecord, StoredRecord, TopicSettings } from '../../../core/ports/topic-log.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import { parseStored } from '../../store/sqlite/documents.js';
import { numberAt, textAt, type SqliteConnection, type SqlRow } from '../../store/sqlite/sqlite-connection.js';

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
  return records.map((record, index) => {
    const offset = first + index;
    connection.run(APPEND, [topicId, partition, offset, appendedAt, encodeMeta(record), record.value]);
    return { ...record, offset, appendedAt };
  });
}

/** Records of a partition from an offset on. */
export function readRecords(
  connection: SqliteConnection,
  topic: Topic,
  from: { readonly partition: number; readonly offset: number; readonly limit: number },
): readonly StoredRecord[] {
  const rows = connection.all(READ, [topic.id, from.partition, from.offset, from.limit]);
  return rows.map((row) => ({
    topic: topic.name,
    partition: from.partition,
    offset: numberAt(row, 0),
    appendedAt: numberAt(row, 1),
    ...decodeMeta(textAt(row, 2)),
    value: bytesAt(row, 3),
  }));
}

/** Next offset to be written to a partition. */
export function nextOffset(connection: SqliteConnection, topicId: number, partition: number): number {
  const row = connection.get(NEXT, [topicId, partition]);
  return row === null ? 0 : numberAt(row, 0);
}

/** Deletes records appended before a time, and those before the last `most`, looking at the `limit` oldest; returns how many went. */
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

/** JSON keeps NUL, at which SQLite's texts end. */
function encodeMeta(record: LogRecord): string {
  const plain = record.key === '' && Object.keys(record.headers).length === 0;
  return plain ? '' : JSON.stringify([record.key, record.headers]);
}

function decodeMeta(text: string): Pick<LogRecord, 'key' | 'headers'> {
  if (text === '') return { key: '', headers: {} };
  const meta = parseStored(text);
  if (Array.isArray(meta) && typeof meta[0] === 'string' && typeof meta[1] === 'object' && meta[1] !== null) {
    return { key: meta[0], headers: meta[1] as Readonly<Record<string, string>> };
  }
  throw new MaridError('DATA_LOSS', 'A stored record of the log is damaged; restore a copy of the database.');
}

/** A plain array over the same memory: the driver gives Node's own kind. */
function bytesAt(row: SqlRow, column: number): Uint8Array {
  const value = row[column];
  if (typeof value === 'object' && value !== null) return new Uint8Array(value.buffer, value.byteOffset, value.length);
  throw new MaridError('DATA_LOSS', 'A stored record of the log has no bytes; restore a copy of the database.');
}
