/** Takes secrets out of texts of a job that go into messages. Pure. */

const HIDDEN = '[secret]';

/** What is looked for: the secret, and each line of one that has several, since files are often shown by lines. */
export function secretTexts(secret: string): readonly string[] {
  const lines = secret.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines.length > 1 ? [secret, ...lines] : lines;
}

/** The end of a text without the secrets, and without the rest of one that the cut has gone through. */
export function hideSecrets(tail: string, secrets: readonly string[]): string {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  if (longestFirst.some((secret) => secret.includes(tail))) return tail === '' ? '' : HIDDEN;
  const cut = Math.max(0, ...longestFirst.map((secret) => restOf(secret, tail)));
  const whole = (cut > 0 ? HIDDEN : '') + tail.slice(cut);
  return longestFirst.reduce((text, secret) => text.replaceAll(secret, HIDDEN), whole);
}

/** How many characters at the start of the text are the end of the secret, but not all of it. */
function restOf(secret: string, text: string): number {
  for (let length = Math.min(secret.length - 1, text.length); length > 0; length -= 1) {
    if (text.startsWith(secret.slice(-length))) return length;
  }
  return 0;
}
