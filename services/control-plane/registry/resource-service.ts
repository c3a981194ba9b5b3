/** The registry's entries of one kind: the same for applications, commands and clusters. */
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Random } from '../../../core/ports/random.js';
import type { RegistryStore } from '../../../core/ports/registry-store.js';
import { etagOf, type ResourceByKind, type ResourceKind } from '../../../core/registry/resource.js';
import type { RegistryKeeper } from './registry-keeper.js';
import { etagMismatch, resourceBusy, resourceExists, resourceInUse, resourceNotFound } from './resource-errors.js';
import { applyChange, type ResourceChange } from './resource-fields.js';
import { checkResource, normaliseTags } from './resource-input.js';
import { listResources, type Page, type ResourceQuery } from './resource-listing.js';

/** Lost races in a row before a write without etag gives up. */
const MAX_TRIES = 20;

/** Options of `ResourceService`. */
export interface ResourceServiceOptions {
  readonly store: RegistryStore;
  readonly keeper: RegistryKeeper;
  readonly jobs: JobStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** Entries of the kind `K`. Every change is a compare-and-set; without an etag a lost race is repeated on what is there now. */
export class ResourceService<K extends ResourceKind> {
  constructor(
    private readonly kind: K,
    private readonly options: ResourceServiceOptions,
  ) {}

  /** Adds an entry; its id is generated when empty. `INVALID_ARGUMENT`, `ALREADY_EXISTS`. */
  async create(given: ResourceByKind[K]): Promise<ResourceByKind[K]> {
    const { store, keeper, clock, random } = this.options;
    const now = clock.now();
    const id = given.id === '' ? random.id() : given.id;
    const resource = normaliseTags({ ...given, id, createdAt: now, updatedAt: now, revision: 1 });
    checkResource(this.kind, resource, keeper.index);
    if (!(await store.insert({ kind: this.kind, resource }))) throw resourceExists(this.kind, id);
    keeper.put(this.kind, resource);
    return resource;
  }

  /** One entry as stored. `NOT_FOUND`. */
  async get(id: string): Promise<ResourceByKind[K]> {
    const resource = await this.options.store.get({ kind: this.kind, id });
    if (resource === null) throw resourceNotFound(this.kind, id);
    return resource;
  }

  /** A page of entries. `INVALID_ARGUMENT`. */
  list(query: ResourceQuery): Page<ResourceByKind[K]> {
    return listResources(this.options.keeper.index.list(this.kind), query);
  }

  /** Changes an entry if the etag is empty or current. `INVALID_ARGUMENT`, `NOT_FOUND`, `ETAG_MISMATCH`. */
  async update(change: ResourceChange<K>, etag: string): Promise<ResourceByKind[K]> {
    const { store, keeper, clock } = this.options;
    return this.repeat(change.given.id, etag, async (stored) => {
      const masked = applyChange(this.kind, stored, change);
      const resource = normaliseTags({ ...masked, updatedAt: clock.now(), revision: stored.revision + 1 });
      checkResource(this.kind, resource, keeper.index);
      if (!(await store.replace({ kind: this.kind, resource }))) return null;
      keeper.put(this.kind, resource);
      return resource;
    });
  }

  /** Removes an entry. `NOT_FOUND`, `ETAG_MISMATCH`, `IN_USE`. */
  async delete(id: string, etag: string): Promise<void> {
    const { store, keeper } = this.options;
    await this.repeat(id, etag, async (stored) => {
      await this.refuseIfUsed(id);
      if (!(await store.delete({ kind: this.kind, id, revision: stored.revision }))) return null;
      keeper.remove(this.kind, id);
      return stored;
    });
  }

  /** Reads and tries to write; a lost race (`null`) reads again, unless the caller's etag says which version it meant. */
  private async repeat(
    id: string,
    etag: string,
    write: (stored: ResourceByKind[K]) => Promise<ResourceByKind[K] | null>,
  ): Promise<ResourceByKind[K]> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const stored = await this.get(id);
      if (etag !== '' && etag !== etagOf(stored)) throw etagMismatch(this.kind, id, etagOf(stored));
      const written = await write(stored);
      if (written !== null) return written;
    }
    throw resourceBusy(this.kind, id);
  }

  private async refuseIfUsed(id: string): Promise<void> {
    const user = this.kind === 'application' ? this.commandThatUses(id) : await this.jobsThatUse(id);
    if (user !== null) throw resourceInUse(this.kind, id, user);
  }

  private commandThatUses(applicationId: string): string | null {
    const commands = this.options.keeper.index.list('command');
    const user = commands.find((command) => command.applicationIds.includes(applicationId));
    return user === undefined ? null : `command ${user.id} uses it; change that command first`;
  }

  private async jobsThatUse(id: string): Promise<string | null> {
    const use = this.kind === 'cluster' ? { clusterId: id } : { commandId: id };
    const active = await this.options.jobs.countActive(use);
    if (active === 0) return null;
    return `${String(active)} ${active === 1 ? 'job' : 'jobs'} that use it have not ended; wait for them, or kill them`;
  }
}
