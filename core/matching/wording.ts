/** How criteria, and what entries lack of them, are put into words. */
import type { Criterion } from '../registry/resource.js';
import { quote } from '../validation/text.js';
import { DEFAULT_STATUS } from './criterion.js';
import type { IndexedEntry } from './kind-index.js';

const PLAIN = /^[\p{L}\p{N}._:/@+=-]{1,60}$/u;
const SHOWN_ITEMS = 5;

/** Kind of entries that criteria select. */
export type SelectedKind = 'command' | 'cluster';

/** A name or tag as it is, quoted when it could be mistaken for the sentence around it. */
export function show(text: string): string {
  return PLAIN.test(text) ? text : quote(text);
}

/** `a, b, c`; a long list ends in `and 3 more`. */
export function showAll(texts: readonly string[], showOne: (text: string) => string = show): string {
  const shown = texts.slice(0, SHOWN_ITEMS).map(showOne).join(', ');
  const more = texts.length - SHOWN_ITEMS;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** `no UP cluster has name x and tags a, b`, without capital and full stop. The criterion is normalised. */
export function sayNothingMatches(kind: SelectedKind, criterion: Criterion): string {
  const status = criterion.status ?? DEFAULT_STATUS[kind];
  const parts = (['id', 'name', 'version'] as const).flatMap((part) => {
    const value = criterion[part];
    return value === null ? [] : [`${part} ${show(value)}`];
  });
  if (criterion.tags.length > 0) parts.push(`${plural('tag', criterion.tags.length)} ${showAll(criterion.tags)}`);
  return `no ${show(status)} ${kind} ${parts.length === 0 ? 'exists' : `has ${parts.join(' and ')}`}`;
}

/** What an entry lacks of a normalised criterion: one sentence each, without capital and full stop. Empty: it matches. */
export function reasonsAgainst(kind: SelectedKind, entry: IndexedEntry, criterion: Criterion): readonly string[] {
  const asked = { ...criterion, status: criterion.status ?? DEFAULT_STATUS[kind] };
  const reasons = (['id', 'name', 'version'] as const).flatMap((part) => {
    const value = asked[part];
    return value === null || value === entry[part]
      ? []
      : [`${part} is ${quote(entry[part])}, ${quote(value)} is asked`];
  });
  if (entry.status !== asked.status) reasons.unshift(`status is ${entry.status}, ${show(asked.status)} is asked`);
  const missing = missingTags(entry, criterion);
  if (missing.length > 0) reasons.push(`has no ${plural('tag', missing.length)} ${showAll(missing, quote)}`);
  return reasons;
}

/** The same in a few words for brackets behind the entry's name: `is OUT_OF_SERVICE, lacks b`. */
export function shortfallsOf(kind: SelectedKind, entry: IndexedEntry, criterion: Criterion): readonly string[] {
  const shortfalls = (['id', 'name', 'version'] as const).flatMap((part) => {
    const value = criterion[part];
    return value === null || value === entry[part] ? [] : [`has ${part} ${show(entry[part])}`];
  });
  if (entry.status !== (criterion.status ?? DEFAULT_STATUS[kind])) shortfalls.unshift(`is ${entry.status}`);
  const missing = missingTags(entry, criterion);
  return missing.length === 0 ? shortfalls : [...shortfalls, `lacks ${showAll(missing)}`];
}

/** How many parts of a normalised criterion an entry lacks; each tag counts. */
export function countLacks(kind: SelectedKind, entry: IndexedEntry, criterion: Criterion): number {
  const missing = missingTags(entry, criterion).length;
  return missing === 0
    ? shortfallsOf(kind, entry, criterion).length
    : shortfallsOf(kind, entry, criterion).length - 1 + missing;
}

/** `tag` or `tags`. */
export function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}

/** The same with a capital first letter. */
export function capitalise(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function missingTags(entry: IndexedEntry, criterion: Criterion): readonly string[] {
  return criterion.tags.filter((tag) => !entry.tags.includes(tag));
}
