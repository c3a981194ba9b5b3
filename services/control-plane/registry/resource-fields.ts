/** The fields of registry entries that callers may set, by their proto names. */
import type { ResourceByKind, ResourceKind } from '../../../core/registry/resource.js';
import { invalidArgument } from '../../../core/errors/marid-error.js';

type FieldsOf<K extends ResourceKind> = Readonly<Record<string, keyof ResourceByKind[K]>>;

const BASE_FIELDS = {
  name: 'name',
  user: 'user',
  version: 'version',
  description: 'description',
  metadata: 'metadata',
  tags: 'tags',
  configs: 'configs',
  dependencies: 'dependencies',
  unpack: 'unpack',
  setup_file: 'setupFile',
  environment: 'environment',
  status: 'status',
} as const;

const FIELDS: { readonly [K in ResourceKind]: FieldsOf<K> } = {
  application: { ...BASE_FIELDS, type: 'type' },
  command: {
    ...BASE_FIELDS,
    executable: 'executable',
    cluster_criteria: 'clusterCriteria',
    application_ids: 'applicationIds',
    memory_mb: 'memoryMb',
  },
  cluster: BASE_FIELDS,
};

/** Fields that only the server sets, or that name the entry: a mask may hold them, and they change nothing. */
const SERVER_FIELDS: ReadonlySet<string> = new Set(['id', 'etag', 'create_time', 'update_time']);

/** A change that a caller asks for. */
export interface ResourceChange<K extends ResourceKind> {
  /** Has the new values; its id says which entry. */
  readonly given: ResourceByKind[K];
  /** Proto names of the fields to change; empty or `*`: all. */
  readonly mask: readonly string[];
  /** False when the caller left the status out: it stays as it is. */
  readonly statusGiven: boolean;
}

/**
 * The entry with the fields that the mask names taken from what was given. `INVALID_ARGUMENT` on `update_mask` for anything else than whole
 * fields.
 */
export function applyChange<K extends ResourceKind>(
  kind: K,
  stored: ResourceByKind[K],
  { given, mask, statusGiven }: ResourceChange<K>,
): ResourceByKind[K] {
  const fields = FIELDS[kind];
  const all = mask.length === 0 || mask.includes('*');
  const names = all ? Object.keys(fields) : mask.filter((path) => !SERVER_FIELDS.has(path));
  const unknown = names.filter((path) => !Object.hasOwn(fields, path));
  if (unknown.length > 0) throw unknownFields(unknown, Object.keys(fields));
  const changed = names.filter((path) => path !== 'status' || statusGiven);
  const changes = changed.flatMap((path) => {
    const field = fields[path];
    return field === undefined ? [] : [[field, given[field]] as const];
  });
  return { ...stored, ...Object.fromEntries(changes) };
}

function unknownFields(unknown: readonly string[], known: readonly string[]): Error {
  return invalidArgument(
    unknown.slice(0, 10).map((path) => ({
      field: 'update_mask',
      description: `has ${JSON.stringify(path.slice(0, 100))}, which is no field that can be set; known are ${known.join(', ')}`,
    })),
  );
}
