/** What criteria mean: tags that stand for id and name, default statuses, and how two criteria become one. */
import type { Criterion } from '../registry/resource.js';

/** Status that is asked for when a criterion names none: the one that accepts work. */
export const DEFAULT_STATUS = { application: 'ACTIVE', command: 'ACTIVE', cluster: 'UP' } as const;

const RESERVED_TAG = /^(?:marid|genie)\.(id|name):(.+)$/s;

/** A tag that stands for an id or a name. Every entry carries those of its own without storing them. */
export interface ReservedTag {
  readonly part: 'id' | 'name';
  readonly value: string;
}

/** Reads `marid.id:<id>`, `marid.name:<name>` and Genie's `genie.id:`, `genie.name:`; `null` for any other tag. */
export function reservedTag(tag: string): ReservedTag | null {
  const [, part, value] = RESERVED_TAG.exec(tag) ?? [];
  if (value === undefined) return null;
  return { part: part === 'id' ? 'id' : 'name', value };
}

/**
 * The same criterion with reserved tags as id and name, each tag once, and empty parts as `null`. `null` when it contradicts
 * itself, for example by two ids: then it matches nothing.
 */
export function normaliseCriterion(criterion: Criterion): Criterion | null {
  let result: Criterion | null = { ...EMPTY, ...scalarsOf(criterion) };
  for (const tag of criterion.tags) {
    const reserved = reservedTag(tag);
    const part = reserved === null ? { tags: [tag] } : { [reserved.part]: reserved.value };
    result = result && unite(result, { ...EMPTY, ...part });
  }
  return result;
}

/**
 * One criterion that asks for what both ask for; `null` when they contradict each other. Conflicting scalars drop the pair, tags unite
 * (Genie's resolution of a command's with a job's criteria).
 */
export function mergeCriteria(outer: Criterion, inner: Criterion): Criterion | null {
  const left = normaliseCriterion(outer);
  const right = normaliseCriterion(inner);
  return left && right && unite(left, right);
}

const EMPTY: Criterion = { id: null, name: null, version: null, status: null, tags: [] };
const SCALARS = ['id', 'name', 'version', 'status'] as const;

function unite(left: Criterion, right: Criterion): Criterion | null {
  if (SCALARS.some((part) => left[part] !== null && right[part] !== null && left[part] !== right[part])) return null;
  return {
    id: left.id ?? right.id,
    name: left.name ?? right.name,
    version: left.version ?? right.version,
    status: left.status ?? right.status,
    tags: right.tags.length === 0 ? left.tags : [...new Set([...left.tags, ...right.tags])],
  };
}

function scalarsOf({ id, name, version, status }: Criterion): Omit<Criterion, 'tags'> {
  return { id: id || null, name: name || null, version: version || null, status: status || null };
}
