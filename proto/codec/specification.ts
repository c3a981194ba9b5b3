/** What a worker needs to run an attempt. */
import { create } from '@bufbuild/protobuf';
import type { AttemptReference, JobSpecification } from '../../core/job/job.js';
import type { JobSpecification as JobSpecificationMessage } from '../gen/marid/v1/job_pb.js';
import {
  AttemptReferenceSchema,
  type AttemptReference as AttemptReferenceMessage,
} from '../gen/marid/v1/worker_service_pb.js';
import { applicationFromMessage, applicationToMessage } from './application.js';
import { clusterFromMessage, clusterToMessage } from './cluster.js';
import { commandFromMessage, commandToMessage } from './command.js';
import { jobRequestFromMessage, jobRequestToMessage } from './job-request.js';
import { fromDuration, toDuration } from './time.js';

/** A specification as a message. */
export function specificationToMessage(specification: JobSpecification): JobSpecificationMessage {
  const { resolution } = specification;
  return {
    $typeName: 'marid.v1.JobSpecification',
    jobId: specification.jobId,
    attempt: specification.attempt,
    request: jobRequestToMessage(specification.request),
    cluster: clusterToMessage(resolution.cluster),
    command: commandToMessage(resolution.command),
    applications: resolution.applications.map(applicationToMessage),
    memoryMb: resolution.memoryMb,
    timeout: toDuration(resolution.timeoutMs),
  };
}

/** The specification of a message; `null` when a part that is needed to run is absent. */
export function specificationFromMessage(message: JobSpecificationMessage): JobSpecification | null {
  const timeoutMs = fromDuration(message.timeout);
  if (message.jobId === '' || message.request === undefined || timeoutMs === null) return null;
  if (message.cluster === undefined || message.command === undefined) return null;
  return {
    jobId: message.jobId,
    attempt: message.attempt,
    request: jobRequestFromMessage(message.request),
    resolution: {
      cluster: clusterFromMessage(message.cluster),
      command: commandFromMessage(message.command),
      applications: message.applications.map(applicationFromMessage),
      memoryMb: message.memoryMb,
      timeoutMs,
    },
  };
}

/** The name of an attempt as a message. */
export function attemptReferenceToMessage(reference: AttemptReference): AttemptReferenceMessage {
  return create(AttemptReferenceSchema, { jobId: reference.jobId, attempt: reference.attempt });
}

/** The name of an attempt of a message; of no job (empty id, attempt 0) when it is absent. */
export function attemptReferenceFromMessage(message: AttemptReferenceMessage | undefined): AttemptReference {
  return { jobId: message?.jobId ?? '', attempt: message?.attempt ?? 0 };
}
