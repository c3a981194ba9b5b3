/** What an attempt may use. */
import type { JobLimits } from './job.js';

/** Every limit. */
export const LIMIT_NAMES = ['cpuTimeMs', 'openFiles', 'processes', 'fileMb', 'folderMb', 'folderFiles'] as const;

/** The lower of what the job asks for and what the worker allows; `null`: it allows all. */
export function lowerLimits(
  asked: JobLimits = {},
  allowed: { readonly [name in keyof JobLimits]-?: number | null },
): JobLimits {
  const limits: { -readonly [name in keyof JobLimits]: number } = {};
  for (const name of LIMIT_NAMES) {
    const values = [asked[name], allowed[name]].filter((value) => typeof value === 'number');
    if (values.length > 0) limits[name] = Math.min(...values);
  }
  return limits;
}
