/** What a job may use. */
import { create } from '@bufbuild/protobuf';
import type { JobLimits } from '../../core/job/job.js';
import { JobLimitsSchema, type JobLimits as JobLimitsMessage } from '../gen/marid/v1/job_pb.js';
import { fromDuration, toOptionalDuration } from './time.js';

/** Limits as a message. */
export function jobLimitsToMessage(limits: JobLimits): JobLimitsMessage {
  const { cpuTimeMs = null, ...numbers } = limits;
  return create(JobLimitsSchema, { cpuTime: toOptionalDuration(cpuTimeMs), ...numbers });
}

/** The limits of a message; absent when it sets none, so that it is the same request as one without. */
export function jobLimitsFromMessage(message: JobLimitsMessage | undefined): JobLimits | undefined {
  if (message === undefined) return undefined;
  const { openFiles, processes, fileMb, folderMb, folderFiles } = message;
  const numbers = {
    cpuTimeMs: fromDuration(message.cpuTime) ?? 0,
    openFiles,
    processes,
    fileMb,
    folderMb,
    folderFiles,
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== 0);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}
