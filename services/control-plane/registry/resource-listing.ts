/** Pages of registry entries. Pure. */
import { encodePageToken, decodePageToken } from '../../../core/listing/page-token.js';
import { parseOrderBy, type Order } from '../../../core/listing/order-by.js';
import type { Resource } from '../../../core/registry/resource.js';
import { limitOf, positionViolation } from '../paging.js';

const ORDER_FIELDS = ['create_time', 'update_time', 'name'] as const;
const DEFAULT_ORDER: Order = { field: 'create_time', descending: true };
const DEFAULT_PAGE = 100;

/** What to list. */
export interface ResourceQuery {
  /** Exact, or a prefix that ends in `*`; empty: any. */
  readonly name: string;
  /** Empty: any. */
  readonly user: string;
  /** Any of these; empty: any. */
  readonly statuses: readonly string[];
  /** All of these; empty: any. */
  readonly tags: readonly string[];
  readonly orderBy: string;
  /** 0: the default. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
}

/** One page. */
export interface Page<R> {
  readonly entries: readonly R[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** The page of the entries that the query asks for. `INVALID_ARGUMENT` for a wrong order, size or token. */
export function listResources<R extends Resource>(all: readonly R[], query: ResourceQuery): Page<R> {
  const limit = limitOf(query.pageSize, DEFAULT_PAGE);
  const order = parseOrderBy(query.orderBy, ORDER_FIELDS, DEFAULT_ORDER);
  const fingerprint = fingerprintOf(query, order);
  const after = query.pageToken === '' ? null : decodePosition(query.pageToken, fingerprint);
  const compare = comparatorOf(order);
  const found = all
    .filter((entry) => passes(entry, query))
    .map((entry) => ({ entry, place: { value: sortValueOf(entry, order), id: entry.id } }))
    .filter(({ place }) => after === null || compare(place, after) > 0)
    .sort((a, b) => compare(a.place, b.place));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const more = found.length > limit && last !== undefined;
  return {
    entries: page.map(({ entry }) => entry),
    nextPageToken: more ? encodePageToken({ position: [last.place.value, last.place.id], fingerprint }) : '',
  };
}

interface Place {
  readonly value: string | number;
  readonly id: string;
}

function passes(entry: Resource, query: ResourceQuery): boolean {
  const named = query.name.endsWith('*')
    ? entry.name.startsWith(query.name.slice(0, -1))
    : query.name === '' || entry.name === query.name;
  return (
    named &&
    (query.user === '' || entry.user === query.user) &&
    (query.statuses.length === 0 || query.statuses.includes(entry.status)) &&
    query.tags.every((tag) => entry.tags.includes(tag))
  );
}

function sortValueOf(entry: Resource, order: Order): string | number {
  switch (order.field) {
    case 'name':
      return entry.name;
    case 'update_time':
      return entry.updatedAt;
    default:
      return entry.createdAt;
  }
}

function comparatorOf(order: Order): (a: Place, b: Place) => number {
  const sign = order.descending ? -1 : 1;
  return (a, b) => sign * (compareValues(a.value, b.value) || compareValues(a.id, b.id));
}

function compareValues(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function decodePosition(token: string, fingerprint: string): Place {
  const [value, id] = decodePageToken(token, fingerprint);
  if (value === undefined || typeof id !== 'string') throw positionViolation();
  return { value, id };
}

function fingerprintOf(query: ResourceQuery, order: Order): string {
  const { name, user, statuses, tags } = query;
  return JSON.stringify([name, user, statuses, tags, order.field, order.descending]);
}
