/** Takes jobs. */
import { MaridError } from '../../../core/errors/marid-error.js';
import { agentOfPool } from '../../../core/fleet/agent-pool.js';
import { acceptJob } from '../../../core/job/accept.js';
import { requestAgain, retryProblem } from '../../../core/job/copy.js';
import type { Job, JobRequest } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Random } from '../../../core/ports/random.js';
import { isTerminal } from '../../../core/job/status.js';
import type { Grant, Grants } from '../dispatch/grants.js';
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
  /** Gives new jobs to workers that wait; `null`: all are offered. */
  readonly grants: Grants | null;
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
  constructor(private readonly options: SubmitterOptions) {}

  /**
   * Accepts a job: durable when it resolves, and given or offered to the workers. The answer tells of the job as it was accepted. `INVALID_ARGUMENT`, `NO_MATCH`, `RESOURCE_EXHAUSTED` when the user has as many active jobs as
   * allowed, and `ALREADY_EXISTS` when the id is taken by other content. `onWritten` gets the new job once it is stored, which may be before it is durable; it must not throw.
   */
  async submit(submission: Submission, onWritten?: (job: Job) => void): Promise<Submitted> {
    const { jobId, request, agentId } = submission;
    const { admission, limits, jobs, random } = this.options;
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
    if (!(await this.insert(job, onWritten))) return this.findEarlier(job);
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

  /** Adds the job, as a waiting worker's where there is one, or else offers it. False when its id is taken. */
  private async insert(job: Job, onWritten?: (job: Job) => void): Promise<boolean> {
    const { jobs, grants, offerer } = this.options;
    let grant: Grant | null = null;
    const latest = (): Job => (grant ??= grants?.grant(job) ?? null)?.job ?? job;
    const onVisible = (): void => {
      if (grant !== null) grant.visible();
      else if (agentOfPool(job.pool) === null) offerer.offer(job);
      onWritten?.(job);
    };
    let inserted = false;
    try {
      inserted = await jobs.insert(job, { latest, onVisible });
    } finally {
      (grant as Grant | null)?.settled(inserted);
    }
    return inserted;
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
