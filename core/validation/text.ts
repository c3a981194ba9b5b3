/** Facts about text that users send, and how to show it back to them. */

const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const EVERY_CONTROL = new RegExp(CONTROL, 'gu');
const SHOWN_CHARACTERS = 60;
const encoder = new TextEncoder();

/** Whether it has more than `limit` code points. */
export function isLongerThan(text: string, limit: number): boolean {
  return text.length > limit && (text.length > 2 * limit || Array.from(text).length > limit);
}

/** Length in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** Whether it has control characters (C0, DEL, C1) or Unicode's line and paragraph separators. */
export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text);
}

/** Whether it has a NUL, which neither arguments nor environments of programs can carry. */
export function hasNul(text: string): boolean {
  return text.includes('\0');
}

/** A user's text in double quotes, shortened, with nothing in it that could break a line or a terminal. */
export function quote(text: string): string {
  const shown = isLongerThan(text, SHOWN_CHARACTERS)
    ? `${Array.from(text.slice(0, 2 * SHOWN_CHARACTERS))
        .slice(0, SHOWN_CHARACTERS)
        .join('')}…`
    : text;
  return JSON.stringify(shown).replace(EVERY_CONTROL, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
