import type { Criterion, ResourceBase } from '../registry/resource.js';
import { BitSet } from './bit-set.js';
import { normaliseCriterion } from './criterion.js';

/** What an index needs of an entry. */
export type IndexedEntry = ResourceBase & { readonly status: string };

/** Entries that match a criterion, before a default status. */
export interface Found {
  /** Their slots. */
  readonly slots: BitSet;
  /** Whether the criterion says which status; if not, the default one is still to be asked for. */
  readonly statusGiven: boolean;
}

type Part = 'name' | 'version' | 'status' | 'tag';

const NOTHING = new BitSet();

/**
 * The entries of one kind. Each has a slot, a small number that is used again after it is gone; for each name, version, status and tag
 * a bit set holds the slots that have it, so that a criterion is answered by intersecting a few sets. Changed by `put` and `remove`.
 */
export class KindIndex<T extends IndexedEntry> {
  readonly #entries: (T | null)[] = [];
  readonly #slots = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #all = new BitSet();
  readonly #parts: Readonly<Record<Part, Map<string, BitSet>>> = {
    name: new Map(),
    version: new Map(),
    status: new Map(),
    tag: new Map(),
  };
  /** Answers for criteria of commands, which are asked again and again; dropped by every change. */
  #answers = new WeakMap<Criterion, Found>();
  #sorted: readonly T[] | null = null;

  /** Adds an entry, or replaces the one with its id. */
  put(entry: T): void {
    this.remove(entry.id);
    const slot = this.#free.pop() ?? this.#entries.length;
    this.#entries[slot] = entry;
    this.#slots.set(entry.id, slot);
    this.#all.add(slot);
    for (const [part, value] of partsOf(entry)) this.#add(part, value, slot);
    this.#changed();
  }

  /** Removes an entry; idempotent. */
  remove(id: string): void {
    const slot = this.#slots.get(id);
    const entry = slot === undefined ? null : this.#entries[slot];
    if (slot === undefined || !entry) return;
    this.#entries[slot] = null;
    this.#slots.delete(id);
    this.#free.push(slot);
    this.#all.delete(slot);
    for (const [part, value] of partsOf(entry)) this.#delete(part, value, slot);
    this.#changed();
  }

  /** One entry; `null` when there is none. */
  get(id: string): T | null {
    const slot = this.#slots.get(id);
    return slot === undefined ? null : (this.#entries[slot] ?? null);
  }

  /** All entries, by id. */
  list(): readonly T[] {
    return (this.#sorted ??= this.entries(this.#all));
  }

  /** What matches a criterion, whatever its status when the criterion names none. */
  find(criterion: Criterion): Found {
    const known = this.#answers.get(criterion);
    if (known !== undefined) return known;
    const normal = normaliseCriterion(criterion);
    const found = { slots: this.#search(normal), statusGiven: normal === null || normal.status !== null };
    this.#answers.set(criterion, found);
    return found;
  }

  /** Slots that have a part, for example a tag; not to be changed. */
  having(part: Part | 'id', value: string): BitSet {
    return part === 'id' ? this.#withId(value) : (this.#parts[part].get(value) ?? NOTHING);
  }

  /** The entries in slots, by id. */
  entries(slots: BitSet): readonly T[] {
    const entries: T[] = [];
    slots.forEach((slot) => {
      const entry = this.#entries[slot];
      if (entry) entries.push(entry);
    });
    return entries.sort(byId);
  }

  /** The entry with the greatest sum of the weights of the sets that it is in, by id among equals; `null` when it is in none. */
  rank(weights: readonly (readonly [BitSet, number])[]): T | null {
    const sums = new Float64Array(this.#entries.length);
    for (const [slots, weight] of weights) slots.forEach((slot) => (sums[slot] = (sums[slot] ?? 0) + weight));
    let best: T | null = null;
    let most = 0;
    for (let slot = 0; slot < sums.length; slot++) {
      const sum = sums[slot] ?? 0;
      const entry = this.#entries[slot];
      if (!entry || sum === 0 || sum < most) continue;
      if (best === null || sum > most || byId(entry, best) < 0) best = entry;
      most = sum;
    }
    return best;
  }

  #search(criterion: Criterion | null): BitSet {
    if (criterion === null) return NOTHING;
    let slots = criterion.id === null ? this.#all : this.#withId(criterion.id);
    for (const part of ['name', 'version', 'status'] as const) {
      const value = criterion[part];
      if (value !== null) slots = slots.and(this.having(part, value));
    }
    for (const tag of criterion.tags) slots = slots.and(this.having('tag', tag));
    return slots === this.#all ? slots.and(slots) : slots;
  }

  #withId(id: string): BitSet {
    const slot = this.#slots.get(id);
    const slots = new BitSet();
    if (slot !== undefined) slots.add(slot);
    return slots;
  }

  #add(part: Part, value: string, slot: number): void {
    const slots = this.#parts[part].get(value) ?? new BitSet();
    this.#parts[part].set(value, slots);
    slots.add(slot);
  }

  #delete(part: Part, value: string, slot: number): void {
    const slots = this.#parts[part].get(value);
    slots?.delete(slot);
    if (slots?.isEmpty) this.#parts[part].delete(value);
  }

  #changed(): void {
    this.#answers = new WeakMap();
    this.#sorted = null;
  }
}

/** Order of entries everywhere: by id, UTF-16 code units. */
export function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}

function partsOf(entry: IndexedEntry): readonly (readonly [Part, string])[] {
  return [
    ['name', entry.name],
    ['version', entry.version],
    ['status', entry.status],
    ...[...new Set(entry.tags)].map((tag) => ['tag', tag] as const),
  ];
}
