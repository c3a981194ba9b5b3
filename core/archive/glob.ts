/**
 * Patterns for paths: `*` stands for any characters but `/`, `?` for one, `**` as a whole part for any number of parts, also none; everything else for itself.
 * Time grows with the product of both lengths, whatever a user writes.
 */

/** Longest pattern. */
const MOST_CHARACTERS = 1024;

/** What is wrong with a pattern; `null` when it is one. */
export function globProblem(pattern: string): string | null {
  if (pattern.length > MOST_CHARACTERS) return `must have at most ${MOST_CHARACTERS} characters`;
  if (pattern.includes('\0')) return 'has a NUL';
  if (pattern.startsWith('/')) return 'is absolute; give a path below the job directory';
  const isPart = (part: string): boolean => part !== '' && part !== '.' && part !== '..';
  return pattern.split('/').every(isPart) ? null : 'has an empty part, `.` or `..`';
}

/** A test whether a path, relative and of plain names, matches any of the patterns. */
export function globMatcher(patterns: readonly string[]): (path: string) => boolean {
  const split = patterns.map((pattern) => pattern.split('/'));
  return (path) => {
    const parts = path.split('/');
    return split.some((pattern) => matchesParts(pattern, parts));
  };
}

function matchesParts(pattern: readonly string[], parts: readonly string[]): boolean {
  return matchesList(pattern, parts, '**', matchesPart);
}

function matchesPart(pattern: string, part: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === part;
  return matchesList([...pattern], [...part], '*', (wanted, found) => wanted === '?' || wanted === found);
}

/** Matches a list in which `any` stands for any number of items: when the rest does not fit, only the last `any` has to take one more. */
function matchesList(
  pattern: readonly string[],
  items: readonly string[],
  any: string,
  fits: (wanted: string, found: string) => boolean,
): boolean {
  let at = 0;
  let retry: { readonly pattern: number; items: number } | null = null;
  for (let item = 0; item < items.length;) {
    const wanted = pattern[at];
    if (wanted === any) {
      at += 1;
      retry = { pattern: at, items: item };
    } else if (wanted !== undefined && fits(wanted, items[item] ?? '')) {
      at += 1;
      item += 1;
    } else if (retry !== null) {
      retry.items += 1;
      at = retry.pattern;
      item = retry.items;
    } else return false;
  }
  return pattern.slice(at).every((rest) => rest === any);
}
