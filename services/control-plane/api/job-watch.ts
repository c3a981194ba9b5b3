/** Streams of transitions: of one job from its stored history, of all jobs from the job-events topic. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { invalidArgument } from '../../../core/errors/marid-error.js';
import { TOPICS } from '../../../core/fleet/topics.js';
import type { Job, Transition } from '../../../core/job/job.js';
import { isTerminal } from '../../../core/job/status.js';
import { decodeResumeToken, encodeResumeToken } from '../../../core/listing/resume-token.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { PartitionOffset, StoredRecord, TopicLog } from '../../../core/ports/topic-log.js';
import { toOptionalExitResult, transitionToMessage } from '../../../proto/codec/index.js';
import type { WatchJobsResponseSchema } from '../../../proto/gen/marid/v1/job_service_pb.js';
import { decodeJobEvent, type JobEvent } from '../events/job-event.js';
import { growingCache } from '../growing-cache.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { JobSignals } from '../jobs/job-signals.js';
import { RecordStream } from './record-stream.js';

/** How often a watched job is read again without a signal: the topic that tells of the changes of other control planes may be away. */
const READ_AGAIN_MS = 10_000;
/** Jobs whose last sequence a watch remembers, to drop what was published twice. */
const REMEMBERED_JOBS = 20_000;

/** Options of the watches. */
export interface JobWatchOptions {
  readonly jobs: JobRepository;
  readonly signals: JobSignals;
  readonly log: TopicLog;
  readonly clock: Clock;
}

/** One response of a watch. */
export type WatchResponse = MessageInitShape<typeof WatchJobsResponseSchema>;

/** Transitions of one job behind the token, ending after its last. `NOT_FOUND`, `INVALID_ARGUMENT` for a token of something else. */
export async function* watchJob(
  options: JobWatchOptions,
  request: { readonly jobId: string; readonly resumeToken: string },
  signal: AbortSignal,
): AsyncGenerator<WatchResponse> {
  let behind = sequenceOf(request.resumeToken);
  const waiter = options.signals.waiter(request.jobId);
  try {
    let job = await options.jobs.require(request.jobId);
    while (!signal.aborted) {
      for (const transition of job.history.filter(({ sequence }) => sequence > behind)) {
        behind = transition.sequence;
        yield responseOf(job, transition);
      }
      if (isTerminal(job.status)) return;
      const news = await waiter.next({ clock: options.clock, waitMs: READ_AGAIN_MS, signal });
      job = await options.jobs.requireWith(request.jobId, news ?? Number.POSITIVE_INFINITY);
    }
  } finally {
    waiter.close();
  }
}

/** Transitions of all jobs behind the token, or from now, without end. */
export async function* watchAllJobs(
  options: JobWatchOptions,
  resumeToken: string,
  signal: AbortSignal,
): AsyncGenerator<WatchResponse> {
  const { log } = options;
  const positions = new Map((await startOf(log, resumeToken)).map((each) => [each.partition, each]));
  const seen = growingCache<string, number>(REMEMBERED_JOBS);
  const stream = await RecordStream.open({ log, topic: TOPICS.jobEvents, positions: [...positions.values()], signal });
  try {
    for (let records = await stream.next(); records !== null; records = await stream.next()) {
      for (const record of records) {
        positions.set(record.partition, placeBehind(record));
        const event = decodeJobEvent(record.value);
        if (event === null || event.transition.sequence <= (seen.get(event.jobId) ?? 0)) continue;
        seen.set(event.jobId, event.transition.sequence);
        yield responseOfEvent(event, [...positions.values()]);
      }
    }
  } finally {
    await stream.close();
  }
}

function responseOf(job: Job, transition: Transition): WatchResponse {
  const result = isTerminal(transition.to) ? toOptionalExitResult(job.result) : undefined;
  return {
    jobId: job.id,
    transition: transitionToMessage(transition),
    resumeToken: encodeResumeToken({ kind: 'job', sequence: transition.sequence }),
    ...(result === undefined ? {} : { result }),
  };
}

function responseOfEvent(event: JobEvent, positions: readonly PartitionOffset[]): WatchResponse {
  const { time, ...transition } = event.transition;
  const result = toOptionalExitResult(event.result);
  return {
    jobId: event.jobId,
    transition: transitionToMessage({ ...transition, at: Date.parse(time) }),
    resumeToken: encodeResumeToken({ kind: 'all', positions }),
    ...(result === undefined ? {} : { result }),
  };
}

function sequenceOf(resumeToken: string): number {
  if (resumeToken === '') return 0;
  const token = decodeResumeToken(resumeToken);
  if (token.kind !== 'job') throw foreignToken('a watch of all jobs');
  return token.sequence;
}

async function startOf(log: TopicLog, resumeToken: string): Promise<readonly PartitionOffset[]> {
  if (resumeToken === '') return log.endOffsets({ topic: TOPICS.jobEvents });
  const token = decodeResumeToken(resumeToken);
  if (token.kind !== 'all') throw foreignToken('a watch of one job');
  const partitions = await log.partitions({ topic: TOPICS.jobEvents });
  return token.positions.filter(({ topic, partition }) => topic === TOPICS.jobEvents && partition < partitions);
}

function placeBehind({ topic, partition, offset }: StoredRecord): PartitionOffset {
  return { topic, partition, offset: offset + 1 };
}

function foreignToken(owner: string): Error {
  return invalidArgument([{ field: 'resume_token', description: `is the token of ${owner}` }]);
}
