/** `JobStore` of the simulation. */
import type { Job } from '../../core/job/job.js';
import { isOwned, isTerminal } from '../../core/job/status.js';
import type {
  InsertJobOptions,
  JobStore,
  ListJobsOptions,
  WaitingJob,
  WaitingJobsOptions,
} from '../../core/ports/job-store.js';
import { waitingJobOf } from '../support/job-fixtures.js';
import type { Link } from './link.js';
import { listJobs } from './list-jobs.js';
import type { StoreState } from './store-state.js';

/** The store as one process reaches it. */
export class SimJobStore implements JobStore {
  constructor(
    private readonly state: StoreState,
    private readonly link: Link,
  ) {}

  insert({ job: first, latest = () => first }: InsertJobOptions): Promise<boolean> {
    const job = latest();
    return this.link.call(() => {
      if (this.state.jobs.has(job.id)) return false;
      this.state.commit(job);
      return true;
    });
  }

  get({ id }: { readonly id: string }): Promise<Job | null> {
    return this.link.call(() => this.state.jobs.get(id) ?? null);
  }

  getMany({ ids }: { readonly ids: readonly string[] }): Promise<readonly (Job | null)[]> {
    return this.link.call(() => ids.map((id) => this.state.jobs.get(id) ?? null));
  }

  replace({ job }: { readonly job: Job }): Promise<boolean> {
    return this.link.call(() => {
      const known = this.state.jobs.get(job.id);
      if (known?.revision !== job.revision - 1) return false;
      this.state.commit({ ...job, publishedSequence: known.publishedSequence });
      return true;
    });
  }

  list(options: ListJobsOptions): Promise<readonly Job[]> {
    return this.link.call(() => listJobs([...this.state.jobs.values()], options));
  }

  dueOffers({ now, limit }: { readonly now: number; readonly limit: number }): Promise<readonly Job[]> {
    const isDue = (job: Job): boolean => job.status === 'ACCEPTED' && (job.nextOfferAt ?? Infinity) <= now;
    return this.link.call(() =>
      this.#select(
        isDue,
        by((job) => job.nextOfferAt ?? 0),
      ).slice(0, limit),
    );
  }

  waiting({ pool, memoryMb, limit }: WaitingJobsOptions): Promise<readonly WaitingJob[]> {
    const fits = (job: Job): boolean => job.status === 'ACCEPTED' && job.pool === pool && job.memoryMb <= memoryMb;
    return this.link.call(() =>
      this.#select(
        fits,
        by((job) => job.createdAt),
      )
        .slice(0, limit)
        .map(waitingJobOf),
    );
  }

  ownedBy({ workerId }: { readonly workerId: string }): Promise<readonly Job[]> {
    const owns = (job: Job): boolean => isOwned(job.status) && job.claim?.workerId === workerId;
    return this.link.call(() => this.#select(owns));
  }

  unpublished(options: { readonly updatedBefore: number; readonly limit: number }): Promise<readonly Job[]> {
    const { updatedBefore, limit } = options;
    const isBehind = (job: Job): boolean => job.publishedSequence < job.history.length && job.updatedAt < updatedBefore;
    return this.link.call(() =>
      this.#select(
        isBehind,
        by((job) => job.updatedAt),
      ).slice(0, limit),
    );
  }

  markPublished(options: {
    readonly marks: readonly { readonly id: string; readonly sequence: number }[];
  }): Promise<void> {
    return this.link.call(() => {
      for (const { id, sequence } of options.marks) {
        const job = this.state.jobs.get(id);
        if (job !== undefined && job.publishedSequence < sequence) {
          this.state.jobs.set(id, { ...job, publishedSequence: sequence });
        }
      }
    });
  }

  countActive(options: { readonly clusterId?: string; readonly commandId?: string }): Promise<number> {
    const { clusterId, commandId } = options;
    const counts = ({ status, resolution: { cluster, command } }: Job): boolean =>
      !isTerminal(status) && [cluster.id, undefined].includes(clusterId) && [command.id, undefined].includes(commandId);
    return this.link.call(() => this.#select(counts).length);
  }

  purge({ endedBefore, limit }: { readonly endedBefore: number; readonly limit: number }): Promise<number> {
    const isOld = (job: Job): boolean => isTerminal(job.status) && (job.endedAt ?? Infinity) < endedBefore;
    return this.link.call(() => {
      const old = this.#select(
        isOld,
        by((job) => job.endedAt ?? 0),
      ).slice(0, limit);
      for (const { id } of old) this.state.jobs.delete(id);
      return old.length;
    });
  }

  /** Jobs in the order of their insertion unless `compare` says otherwise. */
  #select(holds: (job: Job) => boolean, compare: (a: Job, b: Job) => number = () => 0): readonly Job[] {
    return [...this.state.jobs.values()].filter(holds).sort(compare);
  }
}

function by(key: (job: Job) => number): (a: Job, b: Job) => number {
  return (a, b) => key(a) - key(b) || (a.id < b.id ? -1 : 1);
}
