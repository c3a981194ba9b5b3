/** What users ask for. */
import { create } from '@bufbuild/protobuf';
import type { ArchiveRequest, JobAttachment, JobRequest } from '../../core/job/job.js';
import {
  JobRequestSchema,
  type ArchiveRequest as ArchiveRequestMessage,
  type Attachment as AttachmentMessage,
  type JobRequest as JobRequestMessage,
} from '../gen/marid/v1/job_pb.js';
import { metadataFromMessage, metadataToMessage, numberOrNull, textOrNull } from './absent.js';
import { criterionFromMessage, criterionToMessage } from './criterion.js';
import { unpackFromMessage } from './resource-base.js';
import { jobLimitsFromMessage, jobLimitsToMessage } from './job-limits.js';
import { fromDuration, toOptionalDuration } from './time.js';

/** A request as a message. */
export function jobRequestToMessage(request: JobRequest): JobRequestMessage {
  return {
    $typeName: 'marid.v1.JobRequest',
    name: request.name,
    user: request.user,
    version: request.version,
    description: request.description,
    metadata: metadataToMessage(request.metadata),
    tags: [...request.tags],
    clusterCriteria: request.clusterCriteria.map(criterionToMessage),
    commandCriterion: criterionToMessage(request.commandCriterion),
    applicationIds: [...request.applicationIds],
    arguments: [...request.arguments],
    rawArguments: request.rawArguments,
    environment: { ...request.environment },
    configs: [...request.configs],
    dependencies: [...request.dependencies],
    unpack: [...(request.unpack ?? [])],
    setupFile: request.setupFile ?? '',
    memoryMb: request.memoryMb ?? 0,
    timeout: toOptionalDuration(request.timeoutMs),
    maxAttempts: request.maxAttempts ?? 0,
    pool: request.pool,
    grouping: request.grouping,
    groupingInstance: request.groupingInstance,
    group: request.group,
    email: request.email,
    attachments: (request.attachments ?? []).map(attachmentToMessage),
    limits: request.limits && jobLimitsToMessage(request.limits),
    archive: request.archive && archiveToMessage(request.archive),
    recordOutputTimes: request.recordOutputTimes ?? false,
  };
}

/** The request of a message; an empty one when it is absent, for validation to name what is missing. */
export function jobRequestFromMessage(message: JobRequestMessage = create(JobRequestSchema)): JobRequest {
  const limits = jobLimitsFromMessage(message.limits);
  return {
    name: message.name,
    user: message.user,
    version: message.version,
    description: message.description,
    metadata: metadataFromMessage(message.metadata),
    tags: [...message.tags],
    clusterCriteria: message.clusterCriteria.map(criterionFromMessage),
    commandCriterion: criterionFromMessage(message.commandCriterion),
    applicationIds: [...message.applicationIds],
    arguments: [...message.arguments],
    rawArguments: message.rawArguments,
    environment: { ...message.environment },
    configs: [...message.configs],
    dependencies: [...message.dependencies],
    ...unpackFromMessage(message),
    setupFile: textOrNull(message.setupFile),
    memoryMb: numberOrNull(message.memoryMb),
    timeoutMs: fromDuration(message.timeout),
    maxAttempts: numberOrNull(message.maxAttempts),
    pool: message.pool,
    grouping: message.grouping,
    groupingInstance: message.groupingInstance,
    group: message.group,
    email: message.email,
    ...(limits === undefined ? {} : { limits }),
    ...(message.archive === undefined ? {} : { archive: archiveFromMessage(message.archive) }),
    ...(message.attachments.length === 0 ? {} : { attachments: message.attachments.map(attachmentFromMessage) }),
    ...(message.recordOutputTimes && { recordOutputTimes: true }),
  };
}

function attachmentToMessage({ name, sha256, sizeBytes }: JobAttachment): AttachmentMessage {
  return { $typeName: 'marid.v1.Attachment', name, sha256, sizeBytes: BigInt(sizeBytes) };
}

function archiveToMessage({ disabled, excludes }: ArchiveRequest): ArchiveRequestMessage {
  return { $typeName: 'marid.v1.ArchiveRequest', disabled, excludes: [...excludes] };
}

function attachmentFromMessage({ name, sha256, sizeBytes }: AttachmentMessage): JobAttachment {
  return { name, sha256, sizeBytes: Number(sizeBytes) };
}

function archiveFromMessage({ disabled, excludes }: ArchiveRequestMessage): ArchiveRequest {
  return { disabled, excludes: [...excludes] };
}
