/** What is wrong with the limits that a job asks for. */
import type { JobLimits } from '../job/job.js';
import { LIMITS } from './limits.js';
import type { Violations } from './violations.js';

/** Largest number in the messages. */
const MOST = 2 ** 31 - 1;

/** Notes what is wrong with the limits. */
export function checkJobLimits(violations: Violations, path: string, limits: JobLimits): void {
  const { cpuTimeMs, openFiles, processes, fileMb, folderMb, folderFiles } = limits;
  if (cpuTimeMs !== undefined) violations.add(`${path}.cpu_time`, cpuTimeProblem(cpuTimeMs));
  violations.add(`${path}.open_files`, numberProblem(openFiles, LIMITS.openFiles));
  violations.add(`${path}.processes`, numberProblem(processes, 1));
  violations.add(`${path}.file_mb`, numberProblem(fileMb, 1, LIMITS.memoryMb));
  violations.add(`${path}.folder_mb`, numberProblem(folderMb, 1, MOST));
  violations.add(`${path}.folder_files`, numberProblem(folderFiles, 1));
}

function cpuTimeProblem(ms: number): string | null {
  if (Number.isFinite(ms) && ms >= LIMITS.cpuTimeMs) return null;
  return `is ${ms / 1000} s; it must be at least ${LIMITS.cpuTimeMs / 1000} s, or absent for no limit of the job's own`;
}

function numberProblem(value: number | undefined, least: number, most = MOST): string | null {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return null;
  return `is ${value}; it must be ${least} to ${most}, or 0 for no limit of the job's own`;
}
