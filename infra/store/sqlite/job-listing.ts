/**
 * Finding a page of jobs. One index is walked in the order of the list, from the place where the page starts: that of a token, of a status or of
 * all jobs, whichever holds fewest; what else is asked is looked up per entry.
 */
import type { JobPosition, ListJobsOptions } from '../../../core/ports/job-store.js';
import { tokensOfFilter } from '../job-tokens.js';
import { numberAt, textAt, type SqliteConnection, type SqlRow } from './sqlite-connection.js';

/** Entries that are counted to compare indexes: beyond, all count as equally many. */
const COUNT_LIMIT = 10_000;

const DIRECTIONS = { newest: 'DESC', oldest: 'ASC' } as const;

/** Strictly between these two places of the time order. */
interface Bounds {
  readonly low: JobPosition;
  readonly high: JobPosition;
}

/** What is asked besides the time. */
interface Question {
  readonly statuses: readonly string[];
  readonly tokens: readonly string[];
}

/** An index to walk: table `x` with `created_at` and `id`, narrowed by `key` = one of `values`. */
interface Walk {
  readonly table: 'jobs' | 'job_tokens';
  readonly key: 'token' | 'status' | null;
  readonly values: readonly string[];
}

const ALL_JOBS: Walk = { table: 'jobs', key: null, values: [''] };

/** Ids of a page of jobs, in order. */
export function listJobIds(connection: SqliteConnection, options: ListJobsOptions): readonly string[] {
  const bounds = boundsOf(options);
  const question = { statuses: [...new Set(options.filter.statuses)], tokens: tokensOfFilter(options.filter) };
  const walk = chooseWalk(connection, question, bounds);
  const sql = pageQuery(walk, question, DIRECTIONS[options.order]);
  const rest = [...restParameters(walk, question), options.limit];
  const pages = walk.values.map((value) =>
    connection.all(sql, [...(walk.key === null ? [] : [value]), ...boundParameters(bounds), ...rest]),
  );
  if (pages.length === 1) return (pages[0] ?? []).map((row) => textAt(row, 1));
  return mergePages(pages, options).map((row) => textAt(row, 1));
}

function boundsOf(options: ListJobsOptions): Bounds {
  const { filter, after, order } = options;
  const low = { createdAt: filter.createdFrom ?? Number.MIN_SAFE_INTEGER, id: '' };
  const high = { createdAt: filter.createdBefore ?? Number.MAX_SAFE_INTEGER, id: '' };
  if (after === null) return { low, high };
  return order === 'oldest'
    ? { low: comparePositions(after, low) > 0 ? after : low, high }
    : { low, high: comparePositions(after, high) < 0 ? after : high };
}

function chooseWalk(connection: SqliteConnection, question: Question, bounds: Bounds): Walk {
  const walks: Walk[] = question.tokens.map((token) => ({ table: 'job_tokens', key: 'token', values: [token] }));
  if (question.statuses.length > 0) walks.push({ table: 'jobs', key: 'status', values: question.statuses });
  if (walks.length <= 1) return walks[0] ?? ALL_JOBS;
  const counted = walks.map((walk) => ({ walk, count: countEntries(connection, walk, bounds) }));
  return counted.reduce((best, each) => (each.count < best.count ? each : best)).walk;
}

function countEntries(connection: SqliteConnection, walk: Walk, bounds: Bounds): number {
  const sql = `SELECT count(*) FROM (SELECT 1 FROM ${walk.table} AS x WHERE ${walkCondition(walk)} LIMIT ?)`;
  const counts = walk.values.map((value) => {
    const row = connection.get(sql, [value, ...boundParameters(bounds), COUNT_LIMIT]);
    return row === null ? 0 : numberAt(row, 0);
  });
  return Math.min(
    COUNT_LIMIT,
    counts.reduce((sum, count) => sum + count, 0),
  );
}

function pageQuery(walk: Walk, question: Question, direction: 'ASC' | 'DESC'): string {
  return `SELECT x.created_at, x.id FROM ${walk.table} AS x WHERE ${walkCondition(walk)}${restCondition(walk, question)}
    ORDER BY x.created_at ${direction}, x.id ${direction} LIMIT ?`;
}

function walkCondition(walk: Walk): string {
  const key = walk.key === null ? '' : `x.${walk.key} = ? AND `;
  return `${key}(x.created_at, x.id) > (?, ?) AND (x.created_at, x.id) < (?, ?)`;
}

function boundParameters({ low, high }: Bounds): SqlRow {
  return [low.createdAt, low.id, high.createdAt, high.id];
}

/** The texts depend only on which parts are asked, not on how many values: their number stays small. */
function restCondition(walk: Walk, question: Question): string {
  const statuses = ` AND EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = x.id AND j.status IN (SELECT value FROM json_each(?)))`;
  const tokens = ` AND NOT EXISTS (SELECT 1 FROM json_each(?) AS t WHERE NOT EXISTS (
    SELECT 1 FROM job_tokens AS k WHERE k.token = t.value AND k.created_at = x.created_at AND k.id = x.id))`;
  return `${asksStatuses(walk, question) ? statuses : ''}${otherTokens(walk, question).length > 0 ? tokens : ''}`;
}

function restParameters(walk: Walk, question: Question): readonly string[] {
  const tokens = otherTokens(walk, question);
  return [
    ...(asksStatuses(walk, question) ? [JSON.stringify(question.statuses)] : []),
    ...(tokens.length > 0 ? [JSON.stringify(tokens)] : []),
  ];
}

function asksStatuses(walk: Walk, question: Question): boolean {
  return walk.key !== 'status' && question.statuses.length > 0;
}

function otherTokens(walk: Walk, question: Question): readonly string[] {
  return walk.key === 'token' ? question.tokens.filter((token) => token !== walk.values[0]) : question.tokens;
}

function mergePages(pages: readonly (readonly SqlRow[])[], options: ListJobsOptions): readonly SqlRow[] {
  const sign = options.order === 'newest' ? -1 : 1;
  const merged = pages.flat().sort((a, b) => sign * comparePositions(positionOf(a), positionOf(b)));
  return merged.slice(0, options.limit);
}

function positionOf(row: SqlRow): JobPosition {
  return { createdAt: numberAt(row, 0), id: textAt(row, 1) };
}

/** As SQLite compares: time, then the id's UTF-8 bytes. */
function comparePositions(a: JobPosition, b: JobPosition): number {
  return a.createdAt - b.createdAt || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id));
}
