/** What the simulated store holds: it outlives every process. */
import type { TaskControl, TaskRun, WorkerRecord } from '../../core/fleet/worker-record.js';
import type { Job } from '../../core/job/job.js';
import type { UserSlots } from '../../core/quota/user-slots.js';
import type { Resource, ResourceKind } from '../../core/registry/resource.js';

/** Documents are plain values that nobody changes, so they are shared. */
export class StoreState {
  readonly jobs = new Map<string, Job>();
  readonly workers = new Map<string, WorkerRecord>();
  readonly terms = new Map<string, number>();
  readonly runs = new Map<string, TaskRun>();
  readonly controls = new Map<string, TaskControl>();
  readonly slots = new Map<string, UserSlots>();
  readonly registry = new Map<ResourceKind, Map<string, Resource>>();
  registryRevision = 0;

  /** `onCommit` gets every job as it is written, with what was there before. */
  constructor(private readonly onCommit: (after: Job, before: Job | null) => void = () => undefined) {}

  /** Writes a job. */
  commit(job: Job): void {
    const before = this.jobs.get(job.id) ?? null;
    this.jobs.set(job.id, job);
    this.onCommit(job, before);
  }

  /** Entries of a kind by id. */
  entries(kind: ResourceKind): Map<string, Resource> {
    const entries = this.registry.get(kind) ?? new Map<string, Resource>();
    this.registry.set(kind, entries);
    return entries;
  }
}
