/** Filters of job lists. */
import { create } from '@bufbuild/protobuf';
import type { JobFilter } from '../../core/ports/job-store.js';
import { JobFilterSchema, type JobFilter as JobFilterMessage } from '../gen/marid/v1/job_service_pb.js';
import { textOrNull } from './absent.js';
import { statusFromMessage, statusToMessage } from './job-status.js';
import { fromTimestamp, toOptionalTimestamp } from './time.js';

/** A filter as a message. */
export function jobFilterToMessage(filter: JobFilter): JobFilterMessage {
  return create(JobFilterSchema, {
    statuses: filter.statuses.map(statusToMessage),
    user: filter.user ?? '',
    name: filter.name ?? '',
    tags: [...filter.tags],
    cluster: filter.cluster ?? '',
    command: filter.command ?? '',
    grouping: filter.grouping ?? '',
    groupingInstance: filter.groupingInstance ?? '',
    createdFrom: toOptionalTimestamp(filter.createdFrom),
    createdBefore: toOptionalTimestamp(filter.createdBefore),
  });
}

/** The filter of a message; one that every job passes when it is absent. Unspecified and unknown statuses are passed over. */
export function jobFilterFromMessage(message: JobFilterMessage = create(JobFilterSchema)): JobFilter {
  return {
    statuses: message.statuses.map(statusFromMessage).filter((status) => status !== null),
    user: textOrNull(message.user),
    name: textOrNull(message.name),
    tags: [...message.tags],
    cluster: textOrNull(message.cluster),
    command: textOrNull(message.command),
    grouping: textOrNull(message.grouping),
    groupingInstance: textOrNull(message.groupingInstance),
    createdFrom: fromTimestamp(message.createdFrom),
    createdBefore: fromTimestamp(message.createdBefore),
  };
}
