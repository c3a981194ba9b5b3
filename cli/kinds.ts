/** The kinds of the registry: their words, columns and calls, so that `get`, `apply`, `describe` and `delete` treat all alike. */
import { isMessage, type DescMessage, type Message, type MessageShape } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { MaridClient } from '../client/marid-client.js';
import { ApplicationSchema, ApplicationStatus, ApplicationStatusSchema } from '../proto/gen/marid/v1/application_pb.js';
import { ClusterSchema, ClusterStatus, ClusterStatusSchema } from '../proto/gen/marid/v1/cluster_pb.js';
import { CommandSchema, CommandStatus, CommandStatusSchema } from '../proto/gen/marid/v1/command_pb.js';
import { MaridError } from '../core/errors/marid-error.js';
import type { RegistryWord } from './words.js';

/** Fields that every entry has. */
export interface EntryFields {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly version: string;
  readonly status: number;
  readonly tags: string[];
  readonly etag: string;
  readonly createTime?: Timestamp | undefined;
  readonly updateTime?: Timestamp | undefined;
}

/** An entry of any kind. */
export type Entry = Message & EntryFields;

/** Filters of a list of entries. */
export interface EntryFilter {
  readonly name: string;
  readonly user: string;
  readonly tags: string[];
  /** Names of statuses without prefix. */
  readonly statuses: readonly string[];
}

/** A kind of the registry. */
export interface RegistryKind {
  /** Its word in commands. */
  readonly word: RegistryWord;
  /** Its `kind` in files. */
  readonly title: string;
  readonly schema: DescMessage;
  /** Status names without prefix. */
  readonly statuses: readonly string[];
  readonly statusName: (entry: Entry) => string;
  readonly get: (client: MaridClient, id: string) => Promise<Entry>;
  readonly create: (client: MaridClient, entry: Entry) => Promise<Entry>;
  /** Replaces every field that a caller may set. ETAG_MISMATCH when `etag` is not current. */
  readonly update: (client: MaridClient, entry: Entry, etag: string) => Promise<Entry>;
  readonly delete: (client: MaridClient, id: string) => Promise<void>;
  readonly page: (
    client: MaridClient,
    filter: EntryFilter,
    page: { readonly pageToken: string; readonly pageSize: number },
  ) => Promise<{ readonly items: readonly Entry[]; readonly nextPageToken: string }>;
}

/** The kinds in the order in which they are applied: what others need comes first. */
export const REGISTRY_KINDS: readonly RegistryKind[] = [
  {
    word: 'application',
    title: 'Application',
    schema: ApplicationSchema,
    statuses: statusNames(ApplicationStatusSchema.values),
    statusName: (entry) => ApplicationStatus[entry.status] ?? '',
    get: async (client, id) => present((await client.applications.getApplication({ id })).application),
    create: async (client, entry) =>
      present(
        (await client.applications.createApplication({ application: decodeAs(ApplicationSchema, entry) })).application,
      ),
    update: async (client, entry, etag) => {
      const application = { ...decodeAs(ApplicationSchema, entry), etag };
      return present((await client.applications.updateApplication({ application })).application);
    },
    delete: async (client, id) => void (await client.applications.deleteApplication({ id })),
    page: async (client, filter, page) => {
      const statuses = statusNumbers(ApplicationStatusSchema.values, filter.statuses);
      const answer = await client.applications.listApplications({ ...filter, ...page, statuses });
      return { items: answer.applications, nextPageToken: answer.nextPageToken };
    },
  },
  {
    word: 'cluster',
    title: 'Cluster',
    schema: ClusterSchema,
    statuses: statusNames(ClusterStatusSchema.values),
    statusName: (entry) => ClusterStatus[entry.status] ?? '',
    get: async (client, id) => present((await client.clusters.getCluster({ id })).cluster),
    create: async (client, entry) =>
      present((await client.clusters.createCluster({ cluster: decodeAs(ClusterSchema, entry) })).cluster),
    update: async (client, entry, etag) => {
      const cluster = { ...decodeAs(ClusterSchema, entry), etag };
      return present((await client.clusters.updateCluster({ cluster })).cluster);
    },
    delete: async (client, id) => void (await client.clusters.deleteCluster({ id })),
    page: async (client, filter, page) => {
      const statuses = statusNumbers(ClusterStatusSchema.values, filter.statuses);
      const answer = await client.clusters.listClusters({ ...filter, ...page, statuses });
      return { items: answer.clusters, nextPageToken: answer.nextPageToken };
    },
  },
  {
    word: 'command',
    title: 'Command',
    schema: CommandSchema,
    statuses: statusNames(CommandStatusSchema.values),
    statusName: (entry) => CommandStatus[entry.status] ?? '',
    get: async (client, id) => present((await client.commands.getCommand({ id })).command),
    create: async (client, entry) =>
      present((await client.commands.createCommand({ command: decodeAs(CommandSchema, entry) })).command),
    update: async (client, entry, etag) => {
      const command = { ...decodeAs(CommandSchema, entry), etag };
      return present((await client.commands.updateCommand({ command })).command);
    },
    delete: async (client, id) => void (await client.commands.deleteCommand({ id })),
    page: async (client, filter, page) => {
      const statuses = statusNumbers(CommandStatusSchema.values, filter.statuses);
      const answer = await client.commands.listCommands({ ...filter, ...page, statuses });
      return { items: answer.commands, nextPageToken: answer.nextPageToken };
    },
  },
];

/** The kind of a word. */
export function kindOf(word: RegistryWord): RegistryKind {
  return present(REGISTRY_KINDS.find((kind) => kind.word === word));
}

/** A message as an entry of a kind. Throws `INTERNAL` when it is of another one. */
export function decodeEntry(kind: RegistryKind, message: Message): Entry {
  if (isMessage(message, kind.schema) && 'id' in message) return message as Entry;
  throw new MaridError('INTERNAL', `Expected ${kind.schema.typeName}, found ${message.$typeName}.`);
}

function decodeAs<D extends DescMessage>(schema: D, entry: Message): MessageShape<D> {
  if (isMessage(entry, schema)) return entry;
  throw new MaridError('INTERNAL', `Expected ${schema.typeName}, found ${entry.$typeName}.`);
}

function present<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new MaridError('INTERNAL', 'The answer lacks its content: are `marid` and the server of the same version?');
}

/** A value of an enum's descriptor. */
interface EnumValue {
  readonly localName: string;
  readonly number: number;
}

function statusNames(values: readonly EnumValue[]): readonly string[] {
  return values.filter(({ number }) => number !== 0).map(({ localName }) => localName);
}

function statusNumbers(values: readonly EnumValue[], names: readonly string[]): number[] {
  return values.filter(({ localName }) => names.includes(localName)).map(({ number }) => number);
}
