/**
 * `RegistryStore` in MongoDB.
 *
 * No reader may miss a change, with writes of single documents only. A write sets, in one document and at once, the entry and the mark `unannounced`; then the
 * revision is raised, and then the mark is taken away (a deleted entry goes with its mark). A reader that finds a mark raises the revision itself, so that a writer that died in
 * between holds nothing back. Hence after every write, whoever looks at the revision finds a mark or a revision that was raised after the write.
 * A load reads the revision first and the entries after it, by one cursor of one server: an entry written after it was read raises the revision above
 * the one that was loaded.
 */
import type { Filter, FindOptions } from 'mongodb';
import type { RegistryStore } from '../../../core/ports/registry-store.js';
import type { RegistrySnapshot, Resource, ResourceByKind, ResourceKind } from '../../../core/registry/resource.js';
import { raiseCounter } from './counters.js';
import { GuardedWriter, type GuardedInsert, type GuardedUpdate } from './guarded-writer.js';
import type { MongoDatabase } from './mongo-database.js';
import { OPERATION_MS } from './mongo-limits.js';
import { COLLECTIONS } from './mongo-schema.js';
import {
  decodeEntry,
  deleteEntry,
  entryId,
  insertEntry,
  replaceEntry,
  REVISION_ID,
  reviveEntry,
  type EntryDocument,
  type RegistryDocument,
} from './registry-documents.js';

/** Documents that a load fetches at once. */
const BATCH = 1000;
/** Tries of an insert whose id is being deleted at the same time. */
const INSERT_TRIES = 3;

type Stamp = Pick<EntryDocument, '_id' | 'deleted'> & { readonly unannounced: string };

/** Registry entries in MongoDB. Shares the database, which its owner opens and closes. */
export class MongoRegistryStore implements RegistryStore {
  private readonly inserts: GuardedWriter<GuardedInsert>;
  private readonly updates: GuardedWriter<GuardedUpdate>;

  constructor(private readonly database: MongoDatabase) {
    this.inserts = new GuardedWriter<GuardedInsert>(database, COLLECTIONS.registry, sizeOfEntry);
    this.updates = new GuardedWriter<GuardedUpdate>(database, COLLECTIONS.registry, sizeOfEntry);
  }

  revision(): Promise<number> {
    return this.database.within(async () => {
      const filter = { $or: [{ _id: REVISION_ID }, { unannounced: { $gte: '' } }] };
      const found = await this.find(filter, { projection: { value: 1, deleted: 1, unannounced: 1 } });
      const stamps = found.flatMap(({ _id, deleted = false, unannounced }) =>
        unannounced === undefined ? [] : [{ _id, deleted, unannounced }],
      );
      if (stamps.length > 0) return this.announce(stamps);
      return found.find(({ _id }) => _id === REVISION_ID)?.value ?? 0;
    });
  }

  async load(): Promise<RegistrySnapshot> {
    const found = await this.database.within(() => this.find({}, { sort: { _id: 1 } }));
    const entries = <K extends ResourceKind>(kind: K): readonly ResourceByKind[K][] =>
      found.filter((each) => each.kind === kind && each.deleted !== true).map((each) => decodeEntry<K>(each));
    return {
      revision: found.find(({ _id }) => _id === REVISION_ID)?.value ?? 0,
      applications: entries('application'),
      commands: entries('command'),
      clusters: entries('cluster'),
    };
  }

  async get<K extends ResourceKind>(options: {
    readonly kind: K;
    readonly id: string;
  }): Promise<ResourceByKind[K] | null> {
    const found = await this.findEntry(entryId(options.kind, options.id));
    return found === null || found.deleted === true ? null : decodeEntry<K>(found);
  }

  /** The id may be that of an entry whose deletion is not cleaned up: then that document is taken over. */
  async insert({ kind, resource }: { readonly kind: ResourceKind; readonly resource: Resource }): Promise<boolean> {
    const id = entryId(kind, resource.id);
    for (let tries = 0; tries < INSERT_TRIES; tries += 1) {
      const mark = this.database.newMark(resource.revision);
      if (await this.inserts.write(insertEntry(kind, resource, mark))) return this.announceOwn(id, mark);
      const found = await this.findEntry(id);
      if (found?.deleted === false) return false;
      if (found !== null && (await this.updates.write(reviveEntry(kind, resource, mark))))
        return this.announceOwn(id, mark);
    }
    return false;
  }

  async replace({ kind, resource }: { readonly kind: ResourceKind; readonly resource: Resource }): Promise<boolean> {
    const mark = this.database.newMark(resource.revision);
    if (!(await this.updates.write(replaceEntry(kind, resource, mark)))) return false;
    return this.announceOwn(entryId(kind, resource.id), mark);
  }

  async delete(options: {
    readonly kind: ResourceKind;
    readonly id: string;
    readonly revision: number;
  }): Promise<boolean> {
    const { kind, id, revision } = options;
    const mark = this.database.newMark(revision + 1);
    if (!(await this.updates.write(deleteEntry(kind, id, revision, mark)))) return false;
    return this.announceOwn(entryId(kind, id), mark, true);
  }

  private get registry() {
    return this.database.collection<RegistryDocument>(COLLECTIONS.registry);
  }

  private find(filter: Filter<RegistryDocument>, options: FindOptions = {}): Promise<RegistryDocument[]> {
    return this.registry
      .find(filter, { ...options, batchSize: BATCH })
      .maxTimeMS(OPERATION_MS)
      .toArray();
  }

  private async findEntry(id: string): Promise<RegistryDocument | null> {
    const [found] = await this.database.within(() => this.find({ _id: id }));
    return found ?? null;
  }

  /** The write is done and durable; if it cannot be announced now, the next reader does it. */
  private async announceOwn(_id: string, unannounced: string, deleted = false): Promise<true> {
    try {
      await this.database.within(() => this.announce([{ _id, deleted, unannounced }]));
    } catch (error) {
      this.database.logger.warn({ error, entry: _id }, 'a change of the registry is announced by the next reader');
    }
    return true;
  }

  /** Raises the revision for writes that are done, and then takes their marks away. */
  private async announce(stamps: readonly Stamp[]): Promise<number> {
    const revision = await raiseCounter(this.database, COLLECTIONS.registry, REVISION_ID);
    for (const { _id, deleted, unannounced } of stamps) {
      const options = { maxTimeMS: OPERATION_MS };
      if (deleted) await this.registry.deleteOne({ _id, deleted: true, unannounced }, options);
      else await this.registry.updateOne({ _id, unannounced }, { $unset: { unannounced: '' } }, options);
    }
    return revision;
  }
}

function sizeOfEntry(write: GuardedInsert | GuardedUpdate): number {
  const text = write.kind === 'insert' ? write.document : write.change;
  return Buffer.byteLength(JSON.stringify(text));
}
