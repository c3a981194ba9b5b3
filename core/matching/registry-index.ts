import type { Criterion, RegistrySnapshot, ResourceByKind, ResourceKind } from '../registry/resource.js';
import { DEFAULT_STATUS } from './criterion.js';
import { KindIndex } from './kind-index.js';

type Indexes = { readonly [K in ResourceKind]: KindIndex<ResourceByKind[K]> };

/** The whole registry in memory, made for matching. Changed by `put` and `remove` when the caller knows of a write. */
export class RegistryIndex {
  /**
   * Revision of the snapshot that it was made of. `put` and `remove` leave it: they may come in any order with the writes of others, so
   * only a new snapshot says how far an index is complete.
   */
  readonly revision: number;
  readonly #kinds: Indexes = { application: new KindIndex(), command: new KindIndex(), cluster: new KindIndex() };

  private constructor(revision: number) {
    this.revision = revision;
  }

  /** An index of everything in a snapshot. */
  static of(snapshot: RegistrySnapshot): RegistryIndex {
    const index = new RegistryIndex(snapshot.revision);
    for (const entry of snapshot.applications) index.put('application', entry);
    for (const entry of snapshot.commands) index.put('command', entry);
    for (const entry of snapshot.clusters) index.put('cluster', entry);
    return index;
  }

  /** Adds an entry, or replaces the one of its kind with its id. */
  put<K extends ResourceKind>(kind: K, resource: ResourceByKind[K]): void {
    this.of(kind).put(resource);
  }

  /** Removes an entry; idempotent. */
  remove(kind: ResourceKind, id: string): void {
    this.of(kind).remove(id);
  }

  /** One entry; `null` when there is none. */
  get<K extends ResourceKind>(kind: K, id: string): ResourceByKind[K] | null {
    return this.of(kind).get(id);
  }

  /** All entries of a kind, by id. */
  list<K extends ResourceKind>(kind: K): readonly ResourceByKind[K][] {
    return this.of(kind).list();
  }

  /** Entries of a kind that match a criterion, by id; of the status that accepts work when it names none. */
  matching<K extends ResourceKind>(kind: K, criterion: Criterion): readonly ResourceByKind[K][] {
    const index = this.of(kind);
    const { slots, statusGiven } = index.find(criterion);
    return index.entries(statusGiven ? slots : slots.and(index.having('status', DEFAULT_STATUS[kind])));
  }

  /** The index of one kind. */
  of<K extends ResourceKind>(kind: K): KindIndex<ResourceByKind[K]> {
    return this.#kinds[kind];
  }
}
