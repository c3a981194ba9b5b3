/** Many submits over one stream, which goes on where it broke. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MaridError } from '../core/errors/marid-error.js';
import type { JobRequestSchema } from '../proto/gen/marid/v1/job_pb.js';
import type {
  JobService,
  SubmitJobsRequestSchema,
  SubmitJobsResponse,
  SubmittedJob,
} from '../proto/gen/marid/v1/job_service_pb.js';
import { errorFromStatus } from '../proto/rpc/error-details.js';
import type { ServiceClient } from '../proto/rpc/service.js';
import { callOptions } from './retry.js';
import { resumeStream } from './resume.js';
import type { ClientRuntime } from './runtime.js';
import { present } from './watch.js';

/** One job to submit. */
export interface SubmitItem {
  readonly request: MessageInitShape<typeof JobRequestSchema>;
  /** Id of the new job, which makes it safe to submit the same again later. Default: a new one. */
  readonly id?: string | undefined;
  /** Job that this one is a copy of, kept as a link. Default: none. */
  readonly parentId?: string | undefined;
}

/** What became of one. */
export type SubmitOutcome<T extends SubmitItem> =
  | {
      readonly kind: 'accepted';
      readonly item: T;
      readonly id: string;
      /** False: an earlier submit of the same made it. */
      readonly created: boolean;
    }
  | { readonly kind: 'refused'; readonly item: T; readonly id: string; readonly error: MaridError };

/** What the stream stands on. */
export interface SubmitContext {
  readonly runtime: ClientRuntime;
  readonly jobs: ServiceClient<typeof JobService>;
}

/**
 * What became of each item, in their order; an accepted job is durable. Items are read as fast as the server takes them, and not for a reader who does not come. After a broken stream, and after an
 * error that may pass, what has no answer is submitted again with the same ids.
 */
export async function* submitAll<T extends SubmitItem>(
  { runtime, jobs }: SubmitContext,
  items: AsyncIterable<T> | Iterable<T>,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<SubmitOutcome<T>, void, undefined> {
  const submissions = new Submissions(items, runtime);
  const answers = resumeStream({
    ...{ runtime, signal: options.signal },
    open: () => lasting(jobs.submitJobs(submissions.requests(), callOptions(undefined, options.signal))),
    advance: () => undefined,
    ended: async () => submissions.complete,
  });
  for await (const answer of answers) yield submissions.settle(answer);
  submissions.refuse();
}

/** Answers that stay: a refusal that may pass is the stream's error. */
async function* lasting(
  answers: AsyncIterable<SubmitJobsResponse>,
): AsyncGenerator<SubmittedJob | MaridError, void, undefined> {
  for await (const { outcome } of answers) {
    const error = outcome.case === 'refused' ? errorFromStatus(outcome.value) : null;
    if (error?.retryable === true) throw error;
    yield error ?? present(outcome.case === 'accepted' ? outcome.value : undefined, 'SubmitJobs');
  }
}

interface Sent<T> {
  readonly item: T;
  readonly id: string;
}

/** Items and their answers. Each stream begins with those that have no answer; `stream` counts them, so that one that was given up reads no more. */
class Submissions<T extends SubmitItem> {
  private readonly source: AsyncIterator<T> | Iterator<T>;
  private readonly unanswered: Sent<T>[] = [];
  private reading: Promise<IteratorResult<T>> | null = null;
  private stream = 0;
  private over = false;
  private failure: { readonly error: unknown } | null = null;

  constructor(
    items: AsyncIterable<T> | Iterable<T>,
    private readonly runtime: ClientRuntime,
  ) {
    this.source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  /** Whether every item has its answer. */
  get complete(): boolean {
    return this.over && this.unanswered.length === 0;
  }

  /** Requests of a new stream. */
  async *requests(): AsyncGenerator<MessageInitShape<typeof SubmitJobsRequestSchema>, void, undefined> {
    this.stream += 1;
    const own = this.stream;
    for (const sent of [...this.unanswered]) yield requestOf(sent);
    while (!this.over) {
      const item = await this.next(own);
      if (item === null) return;
      const sent = { item, id: item.id ?? this.runtime.random.id() };
      this.unanswered.push(sent);
      yield requestOf(sent);
    }
  }

  /** The answer belongs to the oldest item that has none. */
  settle(answer: SubmittedJob | MaridError): SubmitOutcome<T> {
    const { item, id } = present(this.unanswered.shift(), 'SubmitJobs');
    return answer instanceof Error
      ? { kind: 'refused', item, id, error: answer }
      : { kind: 'accepted', item, id, created: answer.created };
  }

  /** Throws what the items have thrown. */
  refuse(): void {
    if (this.failure !== null) throw this.failure.error;
  }

  /** The next item; `null` behind the last, and for a stream that was given up meanwhile: its successor gets the item. */
  private async next(own: number): Promise<T | null> {
    try {
      this.reading ??= Promise.resolve(this.source.next());
      const step = await this.reading;
      if (own !== this.stream) return null;
      this.reading = null;
      if (step.done !== true) return step.value;
    } catch (error) {
      this.failure = { error };
    }
    this.over = true;
    return null;
  }
}

function requestOf({ item, id }: Sent<SubmitItem>): MessageInitShape<typeof SubmitJobsRequestSchema> {
  return { submit: { jobId: id, job: item.request, parentJobId: item.parentId ?? '' } };
}
