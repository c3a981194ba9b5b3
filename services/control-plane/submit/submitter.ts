/** Takes jobs. */
import { MaridError } from '../../../core/errors/marid-error.js';
import { acceptJob } from '../../../core/job/accept.js';
import { requestAgain, retryProblem } from '../../../core/job/copy.js';
import type { Job, JobRequest } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Random } from '../../../core/ports/random.js';
import { isTerminal } from '../../../core/job/status.js';
import type { Offerer } from '../dispatch/offerer.js';
import { jobNotFound, type JobRepository } from '../jobs/job-repository.js';
import type { UserLimits } from '../quota/user-limits.js';
import type { Attachments } from '../attachments/attachments.js';
import type { Admission } from './admission.js';
import { contentHash } from './content-hash.js';
import type { Matcher } from './matcher.js';

/** Options of `Submitter`. */
export interface SubmitterOptions {
  readonly jobs: JobRepository;
  readonly admission: Admission;
  readonly limits: UserLimits;
  readonly matcher: Matcher;
  readonly offerer: Offerer;
  readonly attachments: Attachments;
  /** Whether an offer that is sent with the insert of its job is seen after the job. */
  readonly offersFollow: boolean;
  /** How long the dispatch loop leaves a new job alone, milliseconds. */
  readonly offerAfterMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** A job to submit. */
export interface Submission {
  /** Empty: generated. */
  readonly jobId: string;
  readonly request: JobRequest;
  /** Job that this one is a retry or a copy of, which must exist; `null`: none. */
  readonly parentId: string | null;
  /** Agent that alone may claim it; `null`: any worker of the pool. */
  readonly agentId: string | null;
}

/** An accepted job. */
export interface Submitted {
  readonly job: Job;
  /** False: an earlier submit of the same content made it. */
  readonly created: boolean;
}

/** Submits, idempotent by id and content: the insert decides, whoever else submits the same id at the same time. */
export class Submitter {
  /** Ids whose insert is queued. */
  private readonly inserting = new Set<string>();

  constructor(private readonly options: SubmitterOptions) {}

  /**
   * Accepts a job: durable when it resolves, and offered to the workers. `INVALID_ARGUMENT`, `NO_MATCH`, `RESOURCE_EXHAUSTED` when the user has as many active jobs as
   * allowed, and `ALREADY_EXISTS` when the id is taken by other content.
   */
  async submit(submission: Submission): Promise<Submitted> {
    const { jobId, request, agentId } = submission;
    const { admission, limits, jobs, random, offerer } = this.options;
    admission.checkRequest(jobId, request, agentId);
    const requestHash = hashOf(submission);
    const id = jobId === '' ? random.id() : jobId;
    // A job that has ended must not take a slot again, not even for a moment.
    const known = jobId !== '' && limits.limitOf(request.user) !== null ? await jobs.get(id) : null;
    if (known !== null) return repeated(known, requestHash);
    let job: Job;
    try {
      job = await this.accept(id, submission, requestHash);
    } catch (error) {
      const earlier = jobId === '' ? null : await jobs.get(id);
      if (earlier === null) throw error;
      return repeated(earlier, requestHash); // it was accepted before the registry changed
    }
    const offer = (): void => {
      if (agentId === null) offerer.offer(job);
    };
    if (!(await this.insert(job, offer))) return this.findEarlier(job);
    return { job, created: true };
  }

  /** Submits the request of a job that FAILED or was KILLED again, as a new job. `NOT_FOUND`, `NOT_FAILED`, otherwise as `submit`. */
  async retry(parentId: string, jobId: string): Promise<Submitted> {
    const parent = await this.options.jobs.require(parentId);
    const problem = retryProblem(parent);
    if (problem !== null) throw new MaridError('NOT_FAILED', problem, { facts: { job_id: parentId } });
    return this.submit({ jobId, request: requestAgain(parent), parentId, agentId: null });
  }

  private async accept(id: string, submission: Submission, requestHash: string): Promise<Job> {
    const { admission, attachments, jobs, limits, matcher, clock, offerAfterMs } = this.options;
    const { request, parentId, agentId } = submission;
    if (parentId !== null) await jobs.require(parentId);
    const outcome = await matcher.resolve(request);
    if (outcome.kind === 'none') throw new MaridError('NO_MATCH', outcome.message);
    const { resolution, explanation } = outcome;
    admission.checkMemory(request, resolution.memoryMb, agentId);
    await attachments.keep(id, request.attachments ?? []);
    await limits.take(request.user, id);
    const facts = { id, request, requestHash, resolution, explanation, parentId, agentId };
    return acceptJob({ ...facts, now: clock.now(), offerAfterMs });
  }

  /**
   * Adds the job; false when its id is taken. A worker that hears of it has it only after it is durable: its claim is written behind it. An offer never goes before it is certain that
   * the id is free: it would speak of another job's memory.
   */
  private async insert(job: Job, offer: () => void): Promise<boolean> {
    const { jobs, offersFollow } = this.options;
    if (!offersFollow || this.inserting.has(job.id)) return jobs.insert(job, offer);
    this.inserting.add(job.id);
    try {
      // Read and queued in one turn: who is not there now, and is not being inserted, cannot come before.
      const free = jobs.get(job.id).then(
        (earlier) => earlier === null,
        () => false,
      );
      const inserted = jobs.insert(job);
      if (await free) offer();
      return await inserted;
    } finally {
      this.inserting.delete(job.id);
    }
  }

  /** The job that took the id in between. Its slot is its own, if it is the same user's and has not ended. */
  private async findEarlier(job: Job): Promise<Submitted> {
    const { user } = job.request;
    const earlier = await this.options.jobs.get(job.id);
    if (earlier === null || earlier.request.user !== user || isTerminal(earlier.status)) {
      this.options.limits.free(user, job.id);
    }
    if (earlier === null) throw jobNotFound(job.id); // deleted between the two: the caller may submit again
    return repeated(earlier, job.requestHash);
  }
}

/** Of the content; what was not asked for does not count, so that hashes of earlier versions stay the same. */
function hashOf({ request, parentId, agentId }: Submission): string {
  const more = { ...(parentId === null ? {} : { parentId }), ...(agentId === null ? {} : { agentId }) };
  return contentHash(Object.keys(more).length === 0 ? request : { request, ...more });
}

function repeated(job: Job, requestHash: string): Submitted {
  if (job.requestHash === requestHash) return { job, created: false };
  const message = `There is a job ${job.id} already, with other content; choose another id.`;
  throw new MaridError('ALREADY_EXISTS', message, { facts: { job_id: job.id } });
}
