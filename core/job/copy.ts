/** A job that is submitted once more, as a new job: the one that has ended never changes. */
import type { Job, JobRequest } from './job.js';

/** What to ask for to have the job again. A name that was only its id is left to be the new id. */
export function requestAgain({ id, request }: Pick<Job, 'id' | 'request'>): JobRequest {
  return request.name === id ? { ...request, name: '' } : request;
}

/** Why a job cannot be retried, one sentence; `null` when it can: it FAILED or was KILLED. */
export function retryProblem({ id, status }: Pick<Job, 'id' | 'status'>): string | null {
  if (status === 'FAILED' || status === 'KILLED') return null;
  const why = status === 'SUCCEEDED' ? 'it succeeded; clone it to have it again' : `it is ${status} and has not ended`;
  return `Job ${id} cannot be retried: ${why}.`;
}
