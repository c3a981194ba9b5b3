/** The exit codes of `marid`, a part of its interface, and what leads to each. */
import type { ErrorCode } from '../core/errors/marid-error.js';

/** Exit codes by meaning. `run` ends with the job's own code instead. */
export const EXIT = {
  ok: 0,
  /** Anything that has no code of its own. */
  error: 1,
  /** Wrong arguments, or an input that is not valid. */
  usage: 2,
  notFound: 3,
  /** The server refused: the id is taken, somebody else wrote in between, it is in use, nothing matches, or only what has failed is retried. */
  conflict: 5,
  unavailable: 6,
  jobFailed: 7,
  jobKilled: 8,
  /** `wait --timeout` was over first; as timeout(1). */
  timedOut: 124,
  /** Ctrl-C; as shells say it. */
  interrupted: 130,
} as const;

const BY_ERROR: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: EXIT.usage,
  NOT_FOUND: EXIT.notFound,
  NO_OUTPUT: EXIT.notFound,
  ALREADY_EXISTS: EXIT.conflict,
  ETAG_MISMATCH: EXIT.conflict,
  IN_USE: EXIT.conflict,
  NO_MATCH: EXIT.conflict,
  NOT_FAILED: EXIT.conflict,
  STALE_SESSION: EXIT.conflict,
  RESOURCE_EXHAUSTED: EXIT.unavailable,
  UNAVAILABLE: EXIT.unavailable,
  WORKER_UNREACHABLE: EXIT.unavailable,
  DEADLINE_EXCEEDED: EXIT.unavailable,
  CANCELLED: EXIT.interrupted,
  UNSUPPORTED: EXIT.error,
  DATA_LOSS: EXIT.error,
  INTERNAL: EXIT.error,
};

/** The exit code of an error. */
export function exitCodeOf(code: ErrorCode): number {
  return BY_ERROR[code];
}
