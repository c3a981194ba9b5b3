/** Ids and names of pools: they become parts of keys, folders and topics, so that only a narrow alphabet is allowed. */
import { LIMITS } from './limits.js';
import { quote } from './text.js';

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const ALPHABET = 'letters, digits, `.`, `_` and `-`, starting with a letter or digit';

/** What is wrong with an id, one sentence; `null` when it is right. */
export function idProblem(text: string): string | null {
  return problem(text, LIMITS.idCharacters);
}

/** What is wrong with the name of a pool, one sentence; `null` when it is right. */
export function poolProblem(text: string): string | null {
  return problem(text, LIMITS.poolCharacters);
}

function problem(text: string, most: number): string | null {
  if (text.length <= most && ID.test(text)) return null;
  const given = text === '' ? 'is empty' : `is ${quote(text)}`;
  return `${given}; it must be 1 to ${most} characters of ${ALPHABET}`;
}
