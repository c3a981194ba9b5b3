/** Text for headers and logs: without control characters, well-formed and bounded. */

const ELLIPSIS = '…';

/** Control characters, line and paragraph separators, marks that turn the direction of text, and halves of characters. */
// eslint-disable-next-line no-control-regex -- finding control characters is its purpose
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** The text with unsafe characters escaped, cut so that it takes at most `maxBytes` bytes percent-encoded, as gRPC sends it. */
export function safeText(text: string, maxBytes: number): string {
  const escaped = escapeText(text.slice(0, maxBytes + 1));
  if (encodedBytes(escaped) <= maxBytes) return escaped;
  const room = maxBytes - encodedBytes(ELLIPSIS);
  let used = 0;
  let kept = '';
  for (const character of escaped) {
    used += encodedBytes(character);
    if (used > room) break;
    kept += character;
  }
  return kept + ELLIPSIS;
}

/** The text with unsafe characters written as escapes, for example `\u001b`. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function encodedBytes(text: string): number {
  return encodeURI(text).length;
}
