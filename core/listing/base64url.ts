/** JSON as base64url text without padding (RFC 4648, section 5), for opaque tokens. Private to `core/listing`. */
import { invalidArgument, type MaridError } from '../errors/marid-error.js';

/** Longest token that is looked at. */
const LONGEST_TOKEN = 16_384;

/** Text of a JSON value. */
export function encodeToken(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The JSON value of a text, or `undefined` when it is not one. */
export function decodeToken(token: string): unknown {
  if (token.length > LONGEST_TOKEN || !/^[\w-]+$/.test(token)) return undefined;
  try {
    const binary = atob(token.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The error for a token that is not one of ours; it does not repeat the token. */
export function badToken(field: string, description: string): MaridError {
  return invalidArgument([{ field, description }]);
}
