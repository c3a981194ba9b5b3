/** Opaque tokens of pages: where the next one starts, and of which list. */
import { fnv1a } from '../dispatch/fnv1a.js';
import { badToken, decodeToken, encodeToken } from './base64url.js';

/** Values of the last entry's order fields, so that the next page starts behind it. */
export type Position = readonly (string | number)[];

/** Options of `encodePageToken`. */
export interface PageTokenOptions {
  readonly position: Position;
  /** Text that is the same exactly for the same filter and order, for example their JSON. Only its hash goes into the token. */
  readonly fingerprint: string;
}

/** Makes a token. */
export function encodePageToken(o: PageTokenOptions): string {
  return encodeToken([fnv1a(o.fingerprint), ...o.position]);
}

/**
 * The position in a token. `INVALID_ARGUMENT` on `page_token` when it is none of ours or belongs to another filter or order. The number and the types of
 * the values are the caller's to check: a client can make tokens, and gains nothing by it but another place in the same list.
 */
export function decodePageToken(token: string, fingerprint: string): Position {
  const [hash, ...position] = decodeToken(token);
  if (typeof hash !== 'number' || !position.every(isPositionValue)) {
    throw badToken('page_token', 'is not a token of this server; send an empty one to start again.');
  }
  if (hash !== fnv1a(fingerprint)) {
    throw badToken('page_token', 'belongs to another filter or order; keep both the same from page to page.');
  }
  return position;
}

function isPositionValue(value: unknown): value is string | number {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}
