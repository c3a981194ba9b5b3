/** The public interface of the package: the client, its options and its errors. Messages are exported by `marid/messages`. */
export { MaridClient, type CallLimits, type ConnectOptions, type SubmitOptions } from './marid-client.js';
export type { AttachOptions } from './attachments.js';
export type { FollowOptions, ReadOptions } from './files.js';
export type { SubmitItem, SubmitOutcome } from './submit-all.js';
export type { TimedLine } from './timed-lines.js';
export type { TimedOutputOptions } from './timed-output.js';
export { isTerminalStatus, type WaitOptions, type WatchOptions } from './watch.js';
export {
  ERROR_CODES,
  isMaridError,
  MaridError,
  type ErrorCode,
  type FieldViolation,
} from '../core/errors/marid-error.js';
export { JobStatus, type Job, type JobRequest } from '../proto/gen/marid/v1/job_pb.js';
