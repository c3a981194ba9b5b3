/**
 * The schema of the database: its version, its indexes, and the steps from one version to the next. What may be in a step: `docs/mongodb.md`. Every step can
 * run twice, and in two processes at once.
 */
import type { Db } from 'mongodb';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Logger } from '../../../core/ports/logger.js';
import { DUPLICATE_KEY, serverCodeOf } from './mongo-errors.js';
import { BUILD_MS, OPERATION_MS } from './mongo-limits.js';

/** Version that this program writes. */
export const SCHEMA_VERSION = 1;

/** Collections, by what is in them. */
export const COLLECTIONS = {
  schema: 'schema',
  jobs: 'jobs',
  registry: 'registry',
  workers: 'workers',
  counters: 'counters',
  taskRuns: 'task_runs',
  userSlots: 'user_slots',
  taskControls: 'task_controls',
} as const;

/** One index. Sparse ones hold only documents that have the field: what a loop asks for stays as small as its answer. */
export interface IndexDefinition {
  readonly collection: string;
  readonly name: string;
  readonly key: Readonly<Record<string, 1>>;
  readonly sparse: boolean;
}

/** Every index but those on `_id`. */
export const INDEXES: readonly IndexDefinition[] = [
  index('jobs', 'by_time', ['createdAt', '_id']),
  index('jobs', 'by_status', ['status', 'createdAt', '_id']),
  index('jobs', 'by_token', ['tokens', 'createdAt', '_id']),
  sparse('jobs', 'due', ['dueAt']),
  sparse('jobs', 'waiting', ['waiting.pool', 'waiting.createdAt', 'waiting.id', 'waiting.memoryMb']),
  sparse('jobs', 'owned', ['ownerId']),
  sparse('jobs', 'unpublished', ['unpublishedSince']),
  sparse('jobs', 'ended', ['purgeFrom']),
  sparse('jobs', 'overdue', ['deadline.stage', 'deadline.base']),
  sparse('jobs', 'archive_pending', ['archivePendingSince']),
  sparse('jobs', 'active_by_cluster', ['active.clusterId', 'active.commandId']),
  sparse('jobs', 'active_by_command', ['active.commandId']),
  sparse('registry', 'unannounced', ['unannounced']),
  index('workers', 'by_seen', ['seenAt']),
];

interface SchemaDocument {
  readonly _id: string;
  readonly product: string;
  readonly version: number;
}

/** An index as the server lists it. */
interface FoundIndex {
  readonly name: string;
  readonly key: Readonly<Record<string, unknown>>;
  readonly sparse?: unknown;
  readonly unique?: unknown;
  readonly partialFilterExpression?: unknown;
  readonly expireAfterSeconds?: unknown;
  readonly collation?: unknown;
}

const SCHEMA_ID = 'marid';
/** Code of the server for a collection that is not there: a new database. */
const NAMESPACE_NOT_FOUND = 26;

/** Whether something is missing. `UNSUPPORTED` when the database is a later Marid's, or an index of ours is there in another form. */
export async function needsSetUp(db: Db, place: string): Promise<boolean> {
  const found = await db
    .collection<SchemaDocument>(COLLECTIONS.schema)
    .findOne({ _id: SCHEMA_ID }, { maxTimeMS: OPERATION_MS });
  const version = found?.version ?? 0;
  if (version > SCHEMA_VERSION) {
    const versions = `schema version ${String(version)}; this one knows ${String(SCHEMA_VERSION)}`;
    throw new MaridError(
      'UNSUPPORTED',
      `The MongoDB database ${place} was written by a later Marid (${versions}): use that one.`,
    );
  }
  return version < SCHEMA_VERSION || (await missingIndexes(db, place)).length > 0;
}

/** Makes what is missing, and then says so in the version. */
export async function setUpSchema(db: Db, place: string, logger: Logger): Promise<void> {
  const missing = await missingIndexes(db, place);
  for (const each of missing) {
    logger.info({ collection: each.collection, index: each.name }, 'mongodb index is being made');
    const options = { name: each.name, ...(each.sparse ? { sparse: true } : {}), maxTimeMS: BUILD_MS };
    await db.collection(each.collection).createIndex(each.key, options);
  }
  await raiseVersion(db);
}

async function missingIndexes(db: Db, place: string): Promise<readonly IndexDefinition[]> {
  const found = new Map<string, string>();
  for (const collection of new Set(INDEXES.map((each) => each.collection))) {
    for (const each of await listIndexes(db, collection)) found.set(`${collection}.${each.name}`, formOf(each));
  }
  return INDEXES.filter((each) => {
    const form = found.get(`${each.collection}.${each.name}`);
    if (form === undefined) return true;
    if (form === formOf(each)) return false;
    const remedy = 'drop it, and start again to have it made anew';
    throw new MaridError(
      'UNSUPPORTED',
      `The index ${each.name} of ${each.collection} in ${place} is not as Marid makes it; ${remedy}.`,
    );
  });
}

async function listIndexes(db: Db, collection: string): Promise<readonly FoundIndex[]> {
  try {
    const found: unknown = await db.collection(collection).listIndexes().maxTimeMS(OPERATION_MS).toArray();
    return found as readonly FoundIndex[];
  } catch (error) {
    if (serverCodeOf(error) === NAMESPACE_NOT_FOUND) return [];
    throw error;
  }
}

/** What of an index decides which documents it holds and in which order. */
function formOf(found: FoundIndex): string {
  const { key, sparse: isSparse, unique, partialFilterExpression, expireAfterSeconds, collation } = found;
  const fields = Object.entries(key).map(([name, direction]) => [name, Number(direction)]);
  const rest = [partialFilterExpression ?? null, expireAfterSeconds ?? null, collation ?? null];
  return JSON.stringify([fields, isSparse === true, unique === true, ...rest]);
}

/** Never lowers it. Two processes may insert at once: the second finds the first's. */
async function raiseVersion(db: Db): Promise<void> {
  const schema = db.collection<SchemaDocument>(COLLECTIONS.schema);
  const change = { $max: { version: SCHEMA_VERSION }, $set: { product: 'marid' } };
  const options = { upsert: true, maxTimeMS: OPERATION_MS };
  try {
    await schema.updateOne({ _id: SCHEMA_ID }, change, options);
  } catch (error) {
    if (serverCodeOf(error) !== DUPLICATE_KEY) throw error;
    await schema.updateOne({ _id: SCHEMA_ID }, change, options);
  }
}

function index(collection: keyof typeof COLLECTIONS, name: string, fields: readonly string[]): IndexDefinition {
  const key = Object.fromEntries(fields.map((field) => [field, 1 as const]));
  return { collection: COLLECTIONS[collection], name, key, sparse: false };
}

function sparse(collection: keyof typeof COLLECTIONS, name: string, fields: readonly string[]): IndexDefinition {
  return { ...index(collection, name, fields), sparse: true };
}
