/** Text of others, made harmless for terminals. */

/**
 * C0 and C1 control characters, DEL, and what changes the direction of text (Unicode Bidirectional Algorithm, UAX #9): with them a job's name could
 * move the cursor, retitle the window or hide what a line says.
 */
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One line that a terminal shows as it is: unsafe characters become `\n`, `\t` or `\u....`. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return escapeUnicode(character);
  });
}

/** The same JSON without unsafe characters; line ends between values stay. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) => (character === '\n' ? character : escapeUnicode(character)));
}

/** Whether a text holds unsafe characters other than line ends. */
export function isUnsafe(text: string): boolean {
  return text.replaceAll('\n', '').search(UNSAFE) !== -1;
}

function escapeUnicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
