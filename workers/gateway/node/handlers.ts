/** WorkerNodeService: what a worker lets the control plane see and do. */
import { idProblem } from '../../../core/validation/ids.js';
import { checkRelativePath } from '../../../core/validation/relative-path.js';
import { access } from 'node:fs/promises';
import { invalidArgument, MaridError } from '../../../core/errors/marid-error.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import { attemptReferenceFromMessage, attemptReferenceToMessage } from '../../../proto/codec/specification.js';
import { toTimestamp } from '../../../proto/codec/time.js';
import type { WorkerNodeService } from '../../../proto/gen/marid/v1/worker_node_service_pb.js';
import type { AttemptReference as AttemptReferenceMessage } from '../../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { AttemptRunner } from '../attempts/attempt-runner.js';
import type { HeldAttempts } from '../attempts/held-attempts.js';
import { attemptDirectory } from '../jobs-folder.js';
import { listFiles, MOST_FILES } from './list-files.js';
import { readFile } from './read-file.js';

/** Options of `createNodeHandlers`. */
export interface NodeHandlersOptions {
  readonly identity: { readonly workerId: string; readonly session: string };
  /** Folder of all attempts' folders, absolute. */
  readonly jobsFolder: string;
  readonly held: HeldAttempts;
  readonly runner: AttemptRunner;
  readonly clock: Clock;
}

/** The handlers. */
export function createNodeHandlers(options: NodeHandlersOptions): ServiceHandlers<typeof WorkerNodeService> {
  const { identity, held, runner, clock, jobsFolder } = options;
  return {
    async listNodeFiles(request) {
      const root = await folderOf(options, decodeReference(request.attempt));
      const folder = request.folder === '' ? '' : checkRelativePath(request.folder, 'folder');
      const limit = checkPageSize(request.pageSize);
      const { files, more, cut } = await listFiles(root, { folder, after: request.after, limit });
      return { files: files.map((file) => toMessage(file)), truncated: more || cut, more };
    },
    async *readNodeFile(request, { signal }) {
      const reference = decodeReference(request.attempt);
      const path = checkRelativePath(request.path, 'path');
      const limit = checkLimit(request.limit);
      const attempt = held.get(reference);
      const root = attempt === null ? await folderOf(options, reference) : attemptDirectory(jobsFolder, reference);
      const over = request.follow && attempt !== null && attempt.phase !== 'ended' ? attempt.over : null;
      const pieces = readFile({ root, path, offset: Number(request.offset), limit, over, signal, clock });
      for await (const { offset, data } of pieces) yield { offset: BigInt(offset), data };
    },
    async killAttempt(request) {
      return { held: runner.kill(decodeReference(request.attempt)) };
    },
    async probe() {
      return { ...identity, held: held.references().map(attemptReferenceToMessage) };
    },
  };
}

/** A reference that is fit to become a folder's name. */
function decodeReference(message: AttemptReferenceMessage | undefined): AttemptReference {
  const reference = attemptReferenceFromMessage(message);
  const problem = idProblem(reference.jobId);
  if (problem !== null) throw invalidArgument([{ field: 'attempt.job_id', description: problem }]);
  if (reference.attempt < 1) throw invalidArgument([{ field: 'attempt.attempt', description: 'must be 1 or more' }]);
  return reference;
}

function checkLimit(limit: bigint): number {
  if (limit < 0n) throw invalidArgument([{ field: 'limit', description: 'must be 0 or more' }]);
  return Number(limit);
}

function checkPageSize(size: number): number {
  if (size >= 0 && size <= MOST_FILES) return size === 0 ? MOST_FILES : size;
  throw invalidArgument([{ field: 'page_size', description: `must be 1 to ${MOST_FILES}, or 0 for ${MOST_FILES}` }]);
}

async function folderOf(options: NodeHandlersOptions, reference: AttemptReference): Promise<string> {
  const folder = attemptDirectory(options.jobsFolder, reference);
  const { workerId } = options.identity;
  if (options.held.get(reference) !== null) return folder;
  await access(folder).catch((cause: unknown) => {
    const text = `Worker ${workerId} has no files of attempt ${reference.attempt} of job ${reference.jobId}.`;
    throw new MaridError('NOT_FOUND', text, { cause });
  });
  return folder;
}

function toMessage(file: { readonly path: string; readonly sizeBytes: number; readonly modifiedAt: number }) {
  return { path: file.path, sizeBytes: BigInt(file.sizeBytes), modifyTime: toTimestamp(file.modifiedAt) };
}
