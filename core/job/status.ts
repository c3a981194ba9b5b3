/**
 * A job's life: Genie's ten statuses and the one table of transitions. Nothing else decides what may follow what.
 */

export const JOB_STATUSES = [
  'RESERVED',
  'RESOLVED',
  'ACCEPTED',
  'CLAIMED',
  'INIT',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'KILLED',
  'INVALID',
] as const;

/** Where a job is in its life. */
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Statuses that never change. */
export const TERMINAL_STATUSES = ['SUCCEEDED', 'FAILED', 'KILLED', 'INVALID'] as const satisfies readonly JobStatus[];

/** A status that never changes. */
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

/**
 * What may follow each status. Back to ACCEPTED: the attempt was lost or is retried. CLAIMED and INIT may jump forward because
 * a worker's later event can be the first to be read.
 */
export const JOB_TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  RESERVED: ['RESOLVED', 'FAILED', 'KILLED', 'INVALID'],
  RESOLVED: ['ACCEPTED', 'CLAIMED', 'FAILED', 'KILLED'],
  ACCEPTED: ['CLAIMED', 'FAILED', 'KILLED'],
  CLAIMED: ['INIT', 'RUNNING', 'SUCCEEDED', 'FAILED', 'KILLED', 'ACCEPTED'],
  INIT: ['RUNNING', 'SUCCEEDED', 'FAILED', 'KILLED', 'ACCEPTED'],
  RUNNING: ['SUCCEEDED', 'FAILED', 'KILLED', 'ACCEPTED'],
  SUCCEEDED: [],
  FAILED: [],
  KILLED: [],
  INVALID: [],
};

/** Whether a status never changes. */
export function isTerminal(status: JobStatus): status is TerminalStatus {
  return JOB_TRANSITIONS[status].length === 0;
}

/** Whether the table allows the step. */
export function mayFollow(from: JobStatus, to: JobStatus): boolean {
  return JOB_TRANSITIONS[from].includes(to);
}

/** Whether a worker owns a job of this status. */
export function isOwned(status: JobStatus): boolean {
  return status === 'CLAIMED' || status === 'INIT' || status === 'RUNNING';
}
