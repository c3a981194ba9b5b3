/** What applications, commands and clusters have in common. */
import { create, type JsonObject } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { etagOf, type Resource, type ResourceBase } from '../../core/registry/resource.js';
import { ResourceReferenceSchema, type ResourceReference } from '../gen/marid/v1/job_pb.js';
import { metadataFromMessage, metadataToMessage, revisionOf, textOrNull } from './absent.js';
import { fromTimestamp, toTimestamp } from './time.js';

/** The common fields as they are in the three messages. */
interface BaseFields {
  id: string;
  name: string;
  user: string;
  version: string;
  description: string;
  metadata?: JsonObject | undefined;
  tags: string[];
  configs: string[];
  dependencies: string[];
  unpack: string[];
  setupFile: string;
  environment: { [name: string]: string };
  createTime?: Timestamp | undefined;
  updateTime?: Timestamp | undefined;
  etag: string;
}

/** The common fields of a message. */
export function baseToMessage(entry: ResourceBase): BaseFields {
  return {
    id: entry.id,
    name: entry.name,
    user: entry.user,
    version: entry.version,
    description: entry.description,
    metadata: metadataToMessage(entry.metadata),
    tags: [...entry.tags],
    configs: [...entry.configs],
    dependencies: [...entry.dependencies],
    unpack: [...(entry.unpack ?? [])],
    setupFile: entry.setupFile ?? '',
    environment: { ...entry.environment },
    createTime: toTimestamp(entry.createdAt),
    updateTime: toTimestamp(entry.updatedAt),
    etag: etagOf(entry),
  };
}

/** The common fields of an entry. Absent times and a foreign etag are 0: the server sets its own. */
export function baseFromMessage(message: BaseFields): ResourceBase {
  return {
    id: message.id,
    name: message.name,
    user: message.user,
    version: message.version,
    description: message.description,
    metadata: metadataFromMessage(message.metadata),
    tags: [...message.tags],
    configs: [...message.configs],
    dependencies: [...message.dependencies],
    ...unpackFromMessage(message),
    setupFile: textOrNull(message.setupFile),
    environment: { ...message.environment },
    createdAt: fromTimestamp(message.createTime) ?? 0,
    updatedAt: fromTimestamp(message.updateTime) ?? 0,
    revision: revisionOf(message.etag),
  };
}

/** Absent when there are none, as in what was stored before there could be any. */
export function unpackFromMessage({ unpack }: { unpack: string[] }): { readonly unpack?: readonly string[] } {
  return unpack.length === 0 ? {} : { unpack: [...unpack] };
}

/** The name of an entry in a job. */
export function referenceOf(resource: Pick<Resource, 'id' | 'name' | 'version'>): ResourceReference {
  return create(ResourceReferenceSchema, { id: resource.id, name: resource.name, version: resource.version });
}
