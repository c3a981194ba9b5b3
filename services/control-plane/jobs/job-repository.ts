/** Jobs as decisions see them: read, decide, compare-and-set, and tell whoever needs to know. */
import type { LRUCache } from 'lru-cache';
import { MaridError } from '../../../core/errors/marid-error.js';
import { archivePendingSince } from '../../../core/job/archive.js';
import type { Job } from '../../../core/job/job.js';
import { isTerminal } from '../../../core/job/status.js';
import type { InsertJobOptions, JobStore } from '../../../core/ports/job-store.js';
import { growingCache } from '../growing-cache.js';

/** Documents of jobs under way that are kept in memory. A job is 2-5 KB: at most some 100 MB. */
const CACHED_JOBS = 20_000;
/** Lost races in a row before a decision gives up: each one means that somebody else's write won. */
const MAX_TRIES = 50;

/** A committed change. */
export interface JobChange {
  /** `null`: the job is new. */
  readonly before: Job | null;
  readonly after: Job;
}

/** What a decision returns: `job` only when something is to be written. */
export interface JobDecision {
  readonly kind: string;
  readonly job?: Job;
}

/** A decision that was carried out. */
export interface Decided<R extends JobDecision> {
  readonly result: R;
  /** The job as it is now. */
  readonly job: Job;
}

/** Options of `JobRepository`. */
export interface JobRepositoryOptions {
  readonly store: JobStore;
  /** Gets every change committed through this repository, in order for each job. Must not throw. */
  readonly onCommitted: (change: JobChange) => void;
  /** Documents kept in memory. Default: 20,000. */
  readonly cacheSize?: number;
}

/**
 * A `JobStore` with decisions. Recent documents are kept in memory until their job has ended and its files are archived: since every write is a compare-and-set, a stale one costs a lost race and never
 * a wrong write; a decision not to write is taken again on a fresh read.
 */
export class JobRepository {
  private readonly cache: LRUCache<string, Job>;

  constructor(private readonly options: JobRepositoryOptions) {
    this.cache = growingCache(options.cacheSize ?? CACHED_JOBS);
  }

  /** As `JobStore.insert`, but `onVisible` is always called when the job is added: once it may be decided on. */
  async insert(
    job: Job,
    { latest = () => job, onVisible = () => undefined }: Omit<InsertJobOptions, 'job'> = {},
  ): Promise<boolean> {
    let written = job;
    let visible = false;
    const show = (): void => {
      if (visible) return;
      visible = true;
      this.remember(written);
      onVisible();
    };
    const decide = (): Job => (written = latest());
    if (!(await this.options.store.insert({ job, latest: decide, onVisible: show }))) return false;
    show();
    this.options.onCommitted({ before: null, after: written });
    return true;
  }

  /** One job as last committed, or `null`. */
  async get(id: string): Promise<Job | null> {
    const job = await this.options.store.get({ id });
    if (job === null) this.cache.delete(id);
    else this.remember(job);
    return job;
  }

  /** The jobs that a worker owns now, as last committed; their `publishedSequence` may be an earlier one. */
  async ownedBy(workerId: string): Promise<readonly Job[]> {
    const known = (id: string): Job | undefined => this.cache.peek(id);
    const owned = await this.options.store.ownedBy({ workerId, known });
    for (const job of owned) if (this.cache.peek(job.id) !== job) this.remember(job);
    return owned;
  }

  /** As `get`, but rejects with `NOT_FOUND` that names the job. */
  async require(id: string): Promise<Job> {
    const job = await this.get(id);
    if (job === null) throw jobNotFound(id);
    return job;
  }

  /** As `require`, but a job that is known here is taken from memory if it has the transition `sequence`. */
  async requireWith(id: string, sequence: number): Promise<Job> {
    const known = this.cache.get(id);
    const last = known?.history.at(-1)?.sequence ?? 0;
    return known !== undefined && last >= sequence ? known : this.require(id);
  }

  /**
   * Applies a decision to the job and writes what it returns; a lost race reads and decides again. `null` when there is no such job. Rejects with
   * `UNAVAILABLE` when the result is unknown.
   */
  async decide<R extends JobDecision>(id: string, decision: (job: Job) => R): Promise<Decided<R> | null> {
    let current = this.cache.get(id) ?? null;
    let fresh = false;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (current === null && !fresh) {
        current = await this.get(id);
        fresh = true;
      }
      if (current === null) return null;
      const result: R = decision(current);
      if (result.job === undefined) {
        if (fresh || isSettled(current)) return { result, job: current };
      } else if (await this.replace(current, result.job)) {
        return { result, job: result.job };
      }
      current = null;
      fresh = false;
    }
    throw new MaridError('UNAVAILABLE', `Job ${id} is changed by too many at once; try again.`, {
      facts: { job_id: id },
    });
  }

  private async replace(before: Job, after: Job): Promise<boolean> {
    let written: boolean;
    try {
      written = await this.options.store.replace({ job: after });
    } catch (error) {
      this.cache.delete(before.id); // unknown whether it was written
      throw error;
    }
    if (!written) {
      this.cache.delete(before.id);
      return false;
    }
    this.remember(after);
    this.options.onCommitted({ before, after });
    return true;
  }

  private remember(job: Job): void {
    if (isSettled(job)) {
      this.cache.delete(job.id); // nothing is decided any more, as a rule
      return;
    }
    const known = this.cache.get(job.id);
    if (known === undefined || known.revision <= job.revision) this.cache.set(job.id, job);
  }
}

/** Whether a job has ended and nothing is to come of its archive. */
function isSettled(job: Job): boolean {
  return isTerminal(job.status) && archivePendingSince(job) === null;
}

/** The error for a job that does not exist. */
export function jobNotFound(id: string): MaridError {
  return new MaridError('NOT_FOUND', `There is no job ${id}.`, { facts: { job_id: id } });
}
