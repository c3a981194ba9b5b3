/** `JobStore` in MongoDB. */
import type { Document, Filter } from 'mongodb';
import type { Job } from '../../../core/job/job.js';
import type {
  InsertJobOptions,
  JobStore,
  ListJobsOptions,
  WaitingJob,
  WaitingJobsOptions,
} from '../../../core/ports/job-store.js';
import { GuardedWriter, type GuardedInsert, type GuardedUpdate } from './guarded-writer.js';
import {
  decodeJob,
  insertOf,
  isPublished,
  updateOf,
  WAITING_FIELDS,
  waitingJobsOf,
  type JobDocument,
} from './job-documents.js';
import {
  activeQuery,
  dueQuery,
  endedQuery,
  listQuery,
  ownedQuery,
  unpublishedQuery,
  waitingQuery,
  type JobQuery,
} from './job-queries.js';
import type { MongoDatabase } from './mongo-database.js';
import { OPERATION_MS } from './mongo-limits.js';
import { COLLECTIONS } from './mongo-schema.js';

/** Jobs that one command deletes, marks or fetches at most. */
const CHUNK = 500;
/** Pages of jobs published after all that one call of `unpublished` passes over. */
const MAX_PAGES = 20;
/** About what an update carries besides history, attempts and message, bytes. */
const STATE_BYTES = 1000;

type Mark = { readonly id: string; readonly sequence: number };
type PlainUpdate = { readonly q: Document; readonly u: Document };

/** Jobs in MongoDB. Shares the database, which its owner opens and closes. */
export class MongoJobStore implements JobStore {
  private readonly inserts: GuardedWriter<GuardedInsert & { readonly bytes: number }>;
  private readonly updates: GuardedWriter<GuardedUpdate & { readonly bytes: number }>;

  constructor(private readonly database: MongoDatabase) {
    this.inserts = new GuardedWriter(database, COLLECTIONS.jobs, ({ bytes }) => bytes);
    this.updates = new GuardedWriter(database, COLLECTIONS.jobs, ({ bytes }) => bytes);
  }

  async insert({ job: first, latest = () => first }: InsertJobOptions): Promise<boolean> {
    const job = latest();
    const write = insertOf(job, this.database.newMark(job.revision));
    const bytes = Buffer.byteLength((write.document as JobDocument).details) + sizeOfState(job);
    return this.inserts.write({ ...write, bytes });
  }

  async get({ id }: { readonly id: string }): Promise<Job | null> {
    const [job] = await this.getMany({ ids: [id] });
    return job ?? null;
  }

  async getMany({ ids }: { readonly ids: readonly string[] }): Promise<readonly (Job | null)[]> {
    const found = await this.database.within(async () => {
      const parts = chunksOf([...new Set(ids)]).map((part) =>
        this.jobs
          .find({ _id: { $in: part } }, { batchSize: CHUNK })
          .maxTimeMS(OPERATION_MS)
          .toArray(),
      );
      return (await Promise.all(parts)).flat();
    });
    const byId = new Map(found.map((document) => [document._id, decodeJob(document)]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  async replace({ job }: { readonly job: Job }): Promise<boolean> {
    const write = updateOf(job, this.database.newMark(job.revision));
    return this.updates.write({ ...write, bytes: sizeOfState(job) });
  }

  list(options: ListJobsOptions): Promise<readonly Job[]> {
    return this.select(listQuery(options));
  }

  dueOffers(options: { readonly now: number; readonly limit: number }): Promise<readonly Job[]> {
    return this.select(dueQuery(options));
  }

  async waiting(options: WaitingJobsOptions): Promise<readonly WaitingJob[]> {
    return waitingJobsOf(await this.database.within(() => this.find(waitingQuery(options), WAITING_FIELDS)));
  }

  ownedBy(options: { readonly workerId: string }): Promise<readonly Job[]> {
    return this.select(ownedQuery(options));
  }

  /** Jobs that were published after all lose their place in the index, and the question is asked again when they filled a page. */
  async unpublished(options: { readonly updatedBefore: number; readonly limit: number }): Promise<readonly Job[]> {
    return this.database.within(async () => {
      for (let pages = 0; pages < MAX_PAGES; pages += 1) {
        const found = await this.find(unpublishedQuery(options));
        const published = found.filter(isPublished);
        if (published.length > 0) await this.forgetUnpublished(published);
        if (published.length < found.length || found.length < options.limit) {
          return found.filter((document) => !isPublished(document)).map(decodeJob);
        }
      }
      return [];
    });
  }

  async markPublished({ marks }: { readonly marks: readonly Mark[] }): Promise<void> {
    await this.database.within(async () => {
      for (const part of chunksOf(marks)) {
        const matched = await this.update(part.map(markLast));
        if (matched < part.length) await this.update(part.map(markEarlier));
      }
    });
  }

  countActive(options: { readonly clusterId?: string; readonly commandId?: string }): Promise<number> {
    const { filter, hint } = activeQuery(options);
    return this.database.within(() =>
      this.jobs.countDocuments(filter as Filter<JobDocument>, { maxTimeMS: OPERATION_MS, hint }),
    );
  }

  purge(options: { readonly endedBefore: number; readonly limit: number }): Promise<number> {
    return this.database.within(async () => {
      let purged = 0;
      for (let rest = options.limit; rest > 0; rest -= CHUNK) {
        const found = await this.purgeChunk({ ...options, limit: Math.min(rest, CHUNK) });
        purged += found.deleted;
        if (found.last) break;
      }
      return purged;
    });
  }

  private get jobs() {
    return this.database.collection<JobDocument>(COLLECTIONS.jobs);
  }

  private async select(query: JobQuery): Promise<readonly Job[]> {
    return (await this.database.within(() => this.find(query))).map(decodeJob);
  }

  /** `projection`: fields that are sent. Default: all. */
  private find({ filter, sort, limit, hint }: JobQuery, projection: Document = {}): Promise<JobDocument[]> {
    const batchSize = limit === 0 ? CHUNK : limit + 1;
    return this.jobs
      .find(filter as Filter<JobDocument>, { projection, sort, limit, batchSize, ...(hint === null ? {} : { hint }) })
      .maxTimeMS(OPERATION_MS)
      .toArray();
  }

  private async purgeChunk(options: {
    readonly endedBefore: number;
    readonly limit: number;
  }): Promise<{ readonly deleted: number; readonly last: boolean }> {
    const { filter, sort, limit, hint } = endedQuery(options);
    const ended = await this.jobs
      .find(filter as Filter<JobDocument>, { projection: { _id: 1 }, sort, limit, batchSize: CHUNK + 1, hint })
      .maxTimeMS(OPERATION_MS)
      .toArray();
    const last = ended.length < limit;
    if (ended.length === 0) return { deleted: 0, last };
    const ids = ended.map((document) => document._id);
    const { deletedCount } = await this.jobs.deleteMany({ _id: { $in: ids } }, { maxTimeMS: OPERATION_MS });
    return { deleted: deletedCount, last };
  }

  private async forgetUnpublished(published: readonly JobDocument[]): Promise<void> {
    const u = { $unset: { unpublishedSince: '' } };
    await this.update(published.map(({ _id, revision }) => ({ q: { _id, revision }, u })));
  }

  /** How many documents matched. */
  private async update(updates: readonly PlainUpdate[]): Promise<number> {
    return (await this.database.sendAll({ update: COLLECTIONS.jobs, updates })).matched;
  }
}

/** When the mark covers the last transition, the job leaves the index of the unpublished in the same write. */
function markLast({ id, sequence }: Mark): PlainUpdate {
  const u = { $max: { publishedSequence: sequence }, $unset: { unpublishedSince: '' } };
  return { q: { _id: id, lastSequence: { $lte: sequence } }, u };
}

function markEarlier({ id, sequence }: Mark): PlainUpdate {
  return { q: { _id: id, lastSequence: { $gt: sequence } }, u: { $max: { publishedSequence: sequence } } };
}

function sizeOfState({ history, attempts, message }: Job): number {
  return STATE_BYTES + Buffer.byteLength(JSON.stringify([history, attempts, message]));
}

function chunksOf<T>(values: readonly T[]): readonly T[][] {
  const count = Math.ceil(values.length / CHUNK);
  return Array.from({ length: count }, (_, index) => values.slice(index * CHUNK, (index + 1) * CHUNK));
}
