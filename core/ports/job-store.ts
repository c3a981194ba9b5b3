/** Where jobs are kept. Single-document atomicity only, so that every product can offer it. */
import type { Job } from '../job/job.js';
import type { JobStatus } from '../job/status.js';

/** Which jobs to list; all given parts must hold. */
export interface JobFilter {
  /** Any of these; empty: any. */
  readonly statuses: readonly JobStatus[];
  readonly user: string | null;
  readonly name: string | null;
  /** All of these; empty: any. */
  readonly tags: readonly string[];
  /** Id or name of the chosen cluster. */
  readonly cluster: string | null;
  /** Id or name of the chosen command. */
  readonly command: string | null;
  readonly grouping: string | null;
  readonly groupingInstance: string | null;
  /** Milliseconds since the epoch, inclusive. */
  readonly createdFrom: number | null;
  /** Milliseconds since the epoch, exclusive. */
  readonly createdBefore: number | null;
}

/** Place of a job in the time order, for keyset pages. */
export interface JobPosition {
  readonly createdAt: number;
  readonly id: string;
}

/** Options of `list`. */
export interface ListJobsOptions {
  readonly filter: JobFilter;
  readonly order: 'newest' | 'oldest';
  /** Only jobs behind this one in the order; `null`: from the start. */
  readonly after: JobPosition | null;
  readonly limit: number;
}

/** What there is to know of a job that waits, before it is claimed. */
export type WaitingJob = Pick<Job, 'id' | 'memoryMb' | 'status' | 'attempt' | 'offers' | 'nextOfferAt'>;

/** Options of `waiting`. */
export interface WaitingJobsOptions {
  readonly pool: string;
  /** The most that a job may need, MiB. */
  readonly memoryMb: number;
  readonly limit: number;
}

/** Options of `insert`. */
export interface InsertJobOptions {
  readonly job: Job;
  /** Asked for the document as late as the store can, perhaps more than once: a later revision of `job` with the same request, resolution and place in the time order. Default: `job`. */
  readonly latest?: () => Job;
  /** May be called once before the insert resolves with true: from then on reads find the job, and whatever is written to the same store becomes durable after it. */
  readonly onVisible?: () => void;
}

/**
 * Jobs by id. Every method rejects with `UNAVAILABLE` when the store cannot be reached and with `DEADLINE_EXCEEDED` when it did
 * not answer in time; after a rejected write the result is unknown and is read back by id. Calls in flight together may share
 * one commit.
 */
export interface JobStore {
  /** Adds a job. Durable when it resolves. False, and nothing written, when the id is taken. */
  insert(options: InsertJobOptions): Promise<boolean>;
  /** One job, as last committed; `null` when there is none. */
  get(options: { readonly id: string }): Promise<Job | null>;
  /** Jobs by id, in the order of `ids`, `null` where there is none. */
  getMany(options: { readonly ids: readonly string[] }): Promise<readonly (Job | null)[]>;
  /**
   * Replaces a job if its stored revision is `job.revision - 1`: compare-and-set, atomic, durable when it resolves. False, and
   * nothing written, when the revision differs or the job is gone.
   */
  replace(options: { readonly job: Job }): Promise<boolean>;
  /** A page of jobs by (createdAt, id). */
  list(options: ListJobsOptions): Promise<readonly Job[]>;
  /** ACCEPTED jobs whose `nextOfferAt` is `now` or earlier, earliest first. */
  dueOffers(options: { readonly now: number; readonly limit: number }): Promise<readonly Job[]>;
  /** ACCEPTED jobs of a pool that need at most `memoryMb`, oldest first. */
  waiting(options: WaitingJobsOptions): Promise<readonly WaitingJob[]>;
  /**
   * Jobs that a worker owns now (CLAIMED, INIT, RUNNING). A document that the caller has (`known`) may be given back instead of being read when its revision is that of the store; its `publishedSequence` may then be
   * an earlier one.
   */
  ownedBy(options: {
    readonly workerId: string;
    readonly known?: (id: string) => Job | undefined;
  }): Promise<readonly Job[]>;
  /** Jobs whose last transition is not known to be published and that last changed before `updatedBefore`, oldest first. */
  unpublished(options: { readonly updatedBefore: number; readonly limit: number }): Promise<readonly Job[]>;
  /**
   * Notes what was published: raises `publishedSequence` of each job, never lowers it, and leaves `revision` as it is. Jobs that are
   * gone are passed over. Idempotent.
   */
  markPublished(options: {
    readonly marks: readonly { readonly id: string; readonly sequence: number }[];
  }): Promise<void>;
  /** How many jobs have not ended, by what they use. */
  countActive(options: { readonly clusterId?: string; readonly commandId?: string }): Promise<number>;
  /** Deletes terminal jobs that ended before `endedBefore`; returns how many. */
  purge(options: { readonly endedBefore: number; readonly limit: number }): Promise<number>;
}
