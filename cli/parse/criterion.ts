/** Criteria as Genie's agent writes them: `ID=i/NAME=n/VERSION=v/STATUS=s/TAGS=t1,t2`, each part at most once. */
import { InvalidArgumentError } from 'commander';

/** A criterion as given in an option. */
export interface CriterionInput {
  readonly id?: string;
  readonly name?: string;
  readonly version?: string;
  readonly status?: string;
  readonly tags?: string[];
}

const HINT = "Write parts joined by '/': ID=../NAME=../VERSION=../STATUS=../TAGS=a,b, each at most once, at least one.";
const KEYS = ['ID', 'NAME', 'VERSION', 'STATUS', 'TAGS'] as const;

/** Reads one criterion. A value may hold `/` unless a part's name and `=` follow it. */
export function parseCriterion(text: string): CriterionInput {
  const parts = new Map<string, string>();
  for (const part of text.split(/\/(?=(?:ID|NAME|VERSION|STATUS|TAGS)=)/i)) {
    const at = part.indexOf('=');
    const key = part.slice(0, Math.max(0, at)).toUpperCase();
    const value = part.slice(at + 1).trim();
    if (!KEYS.some((known) => known === key) || parts.has(key) || value === '') throw new InvalidArgumentError(HINT);
    parts.set(key, value);
  }
  const [id, name, version, status, tags] = KEYS.map((key) => parts.get(key));
  return {
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(status === undefined ? {} : { status: status.toUpperCase() }),
    ...(tags === undefined ? {} : { tags: splitTags(tags) }),
  };
}

/** Collects the criteria of an option that may be repeated, best first. */
export function collectCriteria(
  text: string,
  before: readonly CriterionInput[] | undefined,
): readonly CriterionInput[] {
  return [...(before ?? []), parseCriterion(text)];
}

function splitTags(text: string): string[] {
  const tags = text.split(',').map((tag) => tag.trim());
  if (tags.includes('')) throw new InvalidArgumentError(HINT);
  return tags;
}
