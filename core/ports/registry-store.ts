/** Where the registry is kept. It is small (thousands of entries) and read whole. */
import type { RegistrySnapshot, Resource, ResourceByKind, ResourceKind } from '../registry/resource.js';

/**
 * Registry entries by kind and id. Every write that succeeds raises the registry's revision. Rejects as `JobStore` does.
 */
export interface RegistryStore {
  /** The registry's revision: cheap, read often to notice the writes of others. */
  revision(): Promise<number>;
  /** Everything, with a revision that is not newer than what was read. */
  load(): Promise<RegistrySnapshot>;
  /** One entry; `null` when there is none. */
  get<K extends ResourceKind>(options: { readonly kind: K; readonly id: string }): Promise<ResourceByKind[K] | null>;
  /** Adds an entry. Durable when it resolves. False when the id is taken within its kind. */
  insert(options: { readonly kind: ResourceKind; readonly resource: Resource }): Promise<boolean>;
  /** Replaces an entry if its stored revision is `resource.revision - 1`. False otherwise. Durable, atomic. */
  replace(options: { readonly kind: ResourceKind; readonly resource: Resource }): Promise<boolean>;
  /** Deletes an entry if its stored revision is `revision`. False otherwise. Durable, atomic. */
  delete(options: { readonly kind: ResourceKind; readonly id: string; readonly revision: number }): Promise<boolean>;
}
