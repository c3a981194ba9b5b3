/** Attempts as keys of maps. */
import type { AttemptReference } from './job.js';

/** One text for each attempt: neither part can hold a `/`. */
export function attemptKey({ jobId, attempt }: AttemptReference): string {
  return `${jobId}/${String(attempt)}`;
}
