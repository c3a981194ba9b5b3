/** Takes jobs. */
import { MaridError } from '../../../core/errors/marid-error.js';
import { acceptJob } from '../../../core/job/accept.js';
import type { Job, JobRequest } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Random } from '../../../core/ports/random.js';
import type { Offerer } from '../dispatch/offerer.js';
import { jobNotFound, type JobRepository } from '../jobs/job-repository.js';
import type { Admission } from './admission.js';
import { contentHash } from './content-hash.js';
import type { Matcher } from './matcher.js';

/** Options of `Submitter`. */
export interface SubmitterOptions {
  readonly jobs: JobRepository;
  readonly admission: Admission;
  readonly matcher: Matcher;
  readonly offerer: Offerer;
  /** How long the dispatch loop leaves a new job alone, milliseconds. */
  readonly offerAfterMs: number;
  readonly clock: Clock;
  readonly random: Random;
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
   * Accepts a job: durable when it resolves, and offered to the workers. `INVALID_ARGUMENT`, `NO_MATCH`, and `ALREADY_EXISTS` when the id is taken
   * by other content.
   */
  async submit(jobId: string, request: JobRequest): Promise<Submitted> {
    const { admission, jobs, random, offerer } = this.options;
    admission.checkRequest(jobId, request);
    const requestHash = contentHash(request);
    const id = jobId === '' ? random.id() : jobId;
    let job: Job;
    try {
      job = await this.accept(id, request, requestHash);
    } catch (error) {
      const earlier = jobId === '' ? null : await jobs.get(id);
      if (earlier === null) throw error;
      return repeated(earlier, requestHash); // it was accepted before the registry changed
    }
    if (!(await jobs.insert(job))) return this.findEarlier(job);
    offerer.offer(job);
    return { job, created: true };
  }

  private async accept(id: string, request: JobRequest, requestHash: string): Promise<Job> {
    const { admission, matcher, clock, offerAfterMs } = this.options;
    const outcome = await matcher.resolve(request);
    if (outcome.kind === 'none') throw new MaridError('NO_MATCH', outcome.message);
    const { resolution, explanation } = outcome;
    admission.checkMemory(request, resolution.memoryMb);
    return acceptJob({ id, request, requestHash, resolution, explanation, now: clock.now(), offerAfterMs });
  }

  private async findEarlier(job: Job): Promise<Submitted> {
    const earlier = await this.options.jobs.get(job.id);
    if (earlier === null) throw jobNotFound(job.id); // deleted between the two: the caller may submit again
    return repeated(earlier, job.requestHash);
  }
}

function repeated(job: Job, requestHash: string): Submitted {
  if (job.requestHash === requestHash) return { job, created: false };
  const message = `There is a job ${job.id} already, with other content; choose another id.`;
  throw new MaridError('ALREADY_EXISTS', message, { facts: { job_id: job.id } });
}
