/** `RegistryStore` of the simulation. */
import type { RegistryStore } from '../../core/ports/registry-store.js';
import type {
  Application,
  Cluster,
  Command,
  RegistrySnapshot,
  Resource,
  ResourceByKind,
  ResourceKind,
} from '../../core/registry/resource.js';
import type { Link } from './link.js';
import type { StoreState } from './store-state.js';

/** The store as one process reaches it. */
export class SimRegistryStore implements RegistryStore {
  constructor(
    private readonly state: StoreState,
    private readonly link: Link,
  ) {}

  revision(): Promise<number> {
    return this.link.call(() => this.state.registryRevision);
  }

  load(): Promise<RegistrySnapshot> {
    return this.link.call(() => ({
      revision: this.state.registryRevision,
      applications: decodeEntries<Application>(this.state.entries('application')),
      commands: decodeEntries<Command>(this.state.entries('command')),
      clusters: decodeEntries<Cluster>(this.state.entries('cluster')),
    }));
  }

  get<K extends ResourceKind>(options: { readonly kind: K; readonly id: string }): Promise<ResourceByKind[K] | null> {
    const { kind, id } = options;
    return this.link.call(
      () => decodeEntries<ResourceByKind[K]>(this.state.entries(kind)).find((entry) => entry.id === id) ?? null,
    );
  }

  insert(options: { readonly kind: ResourceKind; readonly resource: Resource }): Promise<boolean> {
    return this.#change(options.kind, options.resource.id, null, options.resource);
  }

  replace(options: { readonly kind: ResourceKind; readonly resource: Resource }): Promise<boolean> {
    return this.#change(options.kind, options.resource.id, options.resource.revision - 1, options.resource);
  }

  delete(options: { readonly kind: ResourceKind; readonly id: string; readonly revision: number }): Promise<boolean> {
    return this.#change(options.kind, options.id, options.revision, null);
  }

  /** Puts `after`, `null` for nothing, in the place of the revision `before`, `null` for nothing. */
  #change(kind: ResourceKind, id: string, before: number | null, after: Resource | null): Promise<boolean> {
    return this.link.call(() => {
      const entries = this.state.entries(kind);
      if ((entries.get(id)?.revision ?? null) !== before) return false;
      if (after === null) entries.delete(id);
      else entries.set(id, after);
      this.state.registryRevision += 1;
      return true;
    });
  }
}

/** Entries of a kind, which hold nothing else, by id. */
function decodeEntries<R extends Resource>(entries: ReadonlyMap<string, Resource>): readonly R[] {
  return [...entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) as unknown as readonly R[];
}
