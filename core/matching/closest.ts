/** What comes closest to a criterion that nothing matches. */
import type { Criterion } from '../registry/resource.js';
import { DEFAULT_STATUS } from './criterion.js';
import type { IndexedEntry, KindIndex } from './kind-index.js';
import { countLacks, sayNothingMatches, shortfallsOf, show } from './wording.js';
import type { SelectedKind } from './wording.js';

/** An id says most about what was meant, then a name; a part that was asked for says more than a status. */
const WEIGHTS = { id: 10_000, name: 1_000, version: 2, tag: 2, status: 1 } as const;

/** Why a criterion matches nothing. */
export interface Gap {
  /** For example `no UP cluster has tags a, b: closest is prod (lacks b)`. */
  readonly sentence: string;
  /** How many parts the closest entry lacks; infinite when there is none. */
  readonly lacks: number;
}

/** Explains why a normalised criterion matches nothing of a kind. */
export function gapOf<T extends IndexedEntry>(index: KindIndex<T>, kind: SelectedKind, criterion: Criterion): Gap {
  if (index.list().length === 0) return { sentence: `the registry has no ${kind}`, lacks: Infinity };
  const sentence = sayNothingMatches(kind, criterion);
  const closest = closestEntry(index, kind, criterion);
  if (closest === null) return { sentence, lacks: Infinity };
  const shortfalls = shortfallsOf(kind, closest, criterion).join(', ');
  return {
    sentence: `${sentence}: closest is ${show(closest.name)} (${shortfalls})`,
    lacks: countLacks(kind, closest, criterion),
  };
}

/** `null` when no entry has anything that was asked for but the status. */
function closestEntry<T extends IndexedEntry>(index: KindIndex<T>, kind: SelectedKind, criterion: Criterion): T | null {
  const asked = (['id', 'name', 'version'] as const).flatMap((part) => {
    const value = criterion[part];
    return value === null ? [] : [[index.having(part, value), WEIGHTS[part]] as const];
  });
  const tags = criterion.tags.map((tag) => [index.having('tag', tag), WEIGHTS.tag] as const);
  const wanted = [...asked, ...tags];
  if (wanted.length > 0 && wanted.every(([slots]) => slots.isEmpty)) return null;
  const status = index.having('status', criterion.status ?? DEFAULT_STATUS[kind]);
  return index.rank([...wanted, [status, WEIGHTS.status]]);
}
