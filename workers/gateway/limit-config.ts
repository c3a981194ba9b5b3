/** The keys of a worker's configuration that limit what jobs use. */
import { z } from 'zod';
import type { ProcessLimits } from '../../core/ports/launcher.js';
import type { JobSpecification } from '../../core/job/job.js';
import { lowerLimits } from '../../core/job/limits.js';
import { LIMITS } from '../../core/validation/limits.js';
import type { FolderLimits } from './attempts/attempt.js';

/** A limit that is off by default; jobs may ask for less. */
function cap(least: number, most = 2 ** 31 - 1) {
  return z.int().min(least).max(most).nullable().default(null);
}

/** The keys, each with a default. */
export const limitKeys = {
  enforceMemory: z
    .enum(['off', 'watch', 'cgroup', 'auto'])
    .default('watch')
    .describe(
      "How a job is kept to its memory: by looking at its processes, by a cgroup (version 1 or 2, where the worker's own group may be written; without one no job runs), auto: by a cgroup where one can be made.",
    ),
  maxCpuTimeMs: cap(LIMITS.cpuTimeMs, 2 ** 52).describe('Milliseconds of CPU time that an attempt may use; null: any.'),
  maxOpenFiles: cap(LIMITS.openFiles).describe(
    'Descriptors that a process of a job may have open; null: as the worker.',
  ),
  maxProcesses: cap(1).describe('Processes that a job may have at a time; null: any number.'),
  maxFileMb: cap(1, LIMITS.memoryMb).describe('MiB that a job may write into one file, its output too; null: any.'),
  maxFolderMb: cap(1).describe("MiB that an attempt's directory may hold; null: any."),
  maxFolderFiles: cap(1).describe("Files and directories that an attempt's directory may hold; null: any number."),
};

/** The keys as they were read. */
export interface LimitConfig {
  readonly enforceMemory: 'off' | NonNullable<ProcessLimits['memoryBy']>;
  readonly maxCpuTimeMs: number | null;
  readonly maxOpenFiles: number | null;
  readonly maxProcesses: number | null;
  readonly maxFileMb: number | null;
  readonly maxFolderMb: number | null;
  readonly maxFolderFiles: number | null;
}

/** The limits of an attempt's processes, which the launcher keeps. */
export function processLimitsOf({ request, resolution }: JobSpecification, config: LimitConfig): ProcessLimits {
  const limits = lowerLimits(request.limits, {
    cpuTimeMs: config.maxCpuTimeMs,
    openFiles: config.maxOpenFiles,
    processes: config.maxProcesses,
    fileMb: config.maxFileMb,
  });
  if (config.enforceMemory === 'off') return limits;
  return { ...limits, memoryMb: resolution.memoryMb, memoryBy: config.enforceMemory };
}

/** The limits of its directory, which the worker keeps. */
export function folderLimitsOf({ request }: JobSpecification, config: LimitConfig): FolderLimits {
  return lowerLimits(request.limits, { folderMb: config.maxFolderMb, folderFiles: config.maxFolderFiles });
}
