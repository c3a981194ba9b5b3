/** What an attempt may use. */
import type { JobLimits } from './job.js';

/** For each limit that the worker names, the lower of what the job asks for and what the worker allows; `null`: it allows all. Absent: not limited. */
export function lowerLimits<K extends keyof JobLimits>(
  asked: JobLimits = {},
  allowed: Readonly<Record<K, number | null>>,
): Partial<Record<K, number>> {
  const limits: Partial<Record<K, number>> = {};
  for (const name in allowed) {
    const values = [asked[name], allowed[name]].filter((value) => typeof value === 'number');
    if (values.length > 0) limits[name] = Math.min(...values);
  }
  return limits;
}
