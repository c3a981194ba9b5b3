/** JSON as base64url text without padding (RFC 4648, section 5), for opaque tokens. Private to `core/listing`. */
import { invalidArgument, type MaridError } from '../errors/marid-error.js';

/** Longest token that is looked at. */
const LONGEST_TOKEN = 16_384;

/** Text of a list of JSON values. */
export function encodeToken(values: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

/** The list in a text; empty when there is none. */
export function decodeToken(token: string): readonly unknown[] {
  if (token.length > LONGEST_TOKEN || !/^[\w-]+$/.test(token)) return [];
  try {
    const bytes = Buffer.from(token, 'base64url');
    return listOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return []; // Not UTF-8 or not JSON: in each case it is no token, which callers report.
  }
}

/** A value as a list; empty when it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The error for a token that is not one of ours; it does not repeat the token. */
export function badToken(field: string, description: string): MaridError {
  return invalidArgument([{ field, description }]);
}
