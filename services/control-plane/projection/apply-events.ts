/** Several events of one job as one decision. Pure. */
import type { ArchiveEvent } from '../../../core/archive/archive-status.js';
import { applyArchiveEvent } from '../../../core/job/archive.js';
import type { Job, WorkerEvent } from '../../../core/job/job.js';
import type { RetryPolicy } from '../../../core/job/retry.js';
import { applyWorkerEvent } from '../../../core/job/worker-event.js';

/** What workers tell. */
export type ToldEvent = WorkerEvent | (ArchiveEvent & { readonly workerId: string });

/** What became of the events of one job. */
export interface AppliedEvents {
  readonly kind: 'applied' | 'stale';
  /** The job after the events that were applied, as one revision; absent when all were stale. */
  readonly job?: Job;
  /** Why each dropped event was dropped. */
  readonly dropped: readonly string[];
}

/** Applies events in their order; those that are stale are dropped and do not stop the rest. One write for all. */
export function applyWorkerEvents(
  job: Job,
  events: readonly ToldEvent[],
  options: { readonly now: number; readonly retry: RetryPolicy },
): AppliedEvents {
  let after = job;
  const dropped: string[] = [];
  for (const event of events) {
    const result =
      'status' in event ? applyWorkerEvent(after, event, options) : applyArchiveEvent(after, event, options.now);
    if (result.kind === 'applied') after = result.job;
    else dropped.push(result.why);
  }
  if (after === job) return { kind: 'stale', dropped };
  return { kind: 'applied', job: { ...after, revision: job.revision + 1 }, dropped };
}
