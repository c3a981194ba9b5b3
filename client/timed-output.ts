/** Output with times, of one attempt after another. */
import { MaridError } from '../core/errors/marid-error.js';
import type { OutputStream } from '../core/job/output-times.js';
import { callOptions } from './retry.js';
import { followedAttempts, followFile, isAttemptOver, readPieces } from './files.js';
import { TimedLines, type TimedLine } from './timed-lines.js';
import { present, type WatchContext } from './watch.js';

/** Options of `timedOutput`. */
export interface TimedOutputOptions {
  /** Goes on until the job has ended; a job that waits is waited for. Default: false. */
  readonly follow?: boolean | undefined;
  /** Only this attempt, from 1. Default: the latest, and with `follow` those that come after it. */
  readonly attempt?: number | undefined;
  /** Only one stream. Default: both. */
  readonly stream?: OutputStream | undefined;
  /** Of the lines that are there already, only the last ones. Default: all. */
  readonly tail?: number | undefined;
  /** Ends it: throws CANCELLED. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** The lines, some at a time. `NOT_FOUND` when the job did not ask for its times to be recorded. */
export async function* timedOutput(
  context: WatchContext,
  jobId: string,
  options: TimedOutputOptions = {},
): AsyncGenerator<readonly TimedLine[], void, undefined> {
  const { job } = await context.jobs.getJob({ jobId }, callOptions(context.runtime.timeoutMs, options.signal));
  const { request, attempt: latest, ...found } = present(job, 'GetJob');
  if (request?.recordOutputTimes !== true) {
    const text = `The times of the output of job ${jobId} were not recorded: submit it with --timestamps.`;
    throw new MaridError('NOT_FOUND', text);
  }
  if (options.follow !== true) {
    const attempt = options.attempt ?? latest;
    const over = isAttemptOver({ ...found, attempt: latest }, attempt);
    yield* presentLines(context, { jobId, attempt, last: over }, new TimedLines(options.stream ?? null), options);
    return;
  }
  const from = latest > 0 ? { fromAttempt: latest } : {};
  let { tail } = options;
  for await (const attempt of followedAttempts(context, jobId, { ...from, ...options })) {
    const lines = new TimedLines(options.stream ?? null);
    if (tail !== undefined) yield* presentLines(context, { jobId, attempt, last: false }, lines, { ...options, tail });
    yield* lines.read((path, offset) => followFile(context, { jobId, path }, { ...options, attempt, offset }), true);
    tail = undefined;
  }
}

/** What there is now. */
async function* presentLines(
  context: WatchContext,
  { jobId, attempt, last }: { readonly jobId: string; readonly attempt: number; readonly last: boolean },
  lines: TimedLines,
  { tail, signal }: TimedOutputOptions,
): AsyncGenerator<readonly TimedLine[], void, undefined> {
  const open = async function* (path: string, offset: number): AsyncGenerator<Uint8Array> {
    for await (const { data } of readPieces(context, { jobId, path }, { attempt, offset, signal })) yield data;
  };
  if (tail === undefined) return yield* lines.read(open, last);
  let kept: TimedLine[] = [];
  for await (const some of lines.read(open, last)) {
    kept.push(...some);
    if (kept.length > 2 * tail + 1000) kept = lastOf(kept, tail);
  }
  yield lastOf(kept, tail);
}

function lastOf<T>(items: readonly T[], count: number): T[] {
  return items.slice(Math.max(0, items.length - count));
}
