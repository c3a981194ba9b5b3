/** How the registry lies in its collection: one document for each entry, and one for the revision, which sorts before them. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Resource, ResourceByKind, ResourceKind } from '../../../core/registry/resource.js';
import { pushMark, type GuardedDocument, type GuardedInsert, type GuardedUpdate } from './guarded-writer.js';

/** Id of the document with the revision: `#` sorts before every kind. */
export const REVISION_ID = '#revision';

/** An entry, or what is left of one between its deletion and the clean-up. */
export interface EntryDocument extends GuardedDocument {
  readonly kind: ResourceKind;
  /** JSON: metadata may have keys that field names may not. Empty once deleted. */
  readonly document: string;
  readonly deleted: boolean;
  /** Mark of a write that the revision does not tell of yet; absent otherwise. */
  readonly unannounced?: string;
}

/** Any document of the collection. */
export interface RegistryDocument extends Partial<Omit<EntryDocument, '_id'>> {
  readonly _id: string;
  /** In the document of the revision. */
  readonly value?: number;
}

/** Id of an entry's document. */
export function entryId(kind: ResourceKind, id: string): string {
  return `${kind}:${id}`;
}

/** Adds an entry where there is no document. */
export function insertEntry(kind: ResourceKind, resource: Resource, mark: string): GuardedInsert {
  const document: EntryDocument = {
    _id: entryId(kind, resource.id),
    ...contentOf(kind, resource),
    ...stampOf(mark),
    marks: [mark],
  };
  return { kind: 'insert', document };
}

/** Adds an entry where one was deleted and not yet cleaned up. */
export function reviveEntry(kind: ResourceKind, resource: Resource, mark: string): GuardedUpdate {
  const id = entryId(kind, resource.id);
  const change = { $set: { ...contentOf(kind, resource), ...stampOf(mark), marks: [mark] } };
  return { kind: 'update', id, revision: resource.revision, mark, filter: { _id: id, deleted: true }, change };
}

/** Replaces the revision before. */
export function replaceEntry(kind: ResourceKind, resource: Resource, mark: string): GuardedUpdate {
  const id = entryId(kind, resource.id);
  const { revision } = resource;
  const filter = { _id: id, revision: revision - 1, deleted: false };
  const change = { $set: { ...contentOf(kind, resource), ...stampOf(mark) }, $push: pushMark(mark) };
  return { kind: 'update', id, revision, mark, filter, change };
}

/** Deletes: the document stays, without content, until the revision tells of it. */
export function deleteEntry(kind: ResourceKind, resourceId: string, revision: number, mark: string): GuardedUpdate {
  const id = entryId(kind, resourceId);
  const filter = { _id: id, revision, deleted: false };
  const change = {
    $set: { revision: revision + 1, deleted: true, document: '', ...stampOf(mark) },
    $push: pushMark(mark),
  };
  return { kind: 'update', id, revision: revision + 1, mark, filter, change };
}

/** Reads an entry back; `DATA_LOSS` when it is none. */
export function decodeEntry<K extends ResourceKind>({ _id, document }: RegistryDocument): ResourceByKind[K] {
  const value: unknown = typeof document === 'string' && document !== '' ? JSON.parse(document) : null;
  if (typeof value === 'object' && value !== null && 'id' in value && 'status' in value && 'revision' in value) {
    return value as ResourceByKind[K];
  }
  throw new MaridError('DATA_LOSS', `The registry entry ${_id} cannot be read; restore a copy of the database.`);
}

function contentOf(kind: ResourceKind, resource: Resource) {
  return { kind, revision: resource.revision, deleted: false, document: JSON.stringify(resource) };
}

function stampOf(mark: string) {
  return { unannounced: mark };
}
