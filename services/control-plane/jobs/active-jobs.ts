/** How many jobs each cluster has that have not ended, for load-aware selectors. */
import type { LoadView } from '../../../core/matching/resolve.js';
import { isTerminal } from '../../../core/job/status.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { JobChange } from './job-repository.js';

/** Counts in memory. Approximate: the changes of other control planes are seen at the next `recount` only. */
export class ActiveJobs implements LoadView {
  private readonly counts = new Map<string, number>();

  activeJobs(clusterId: string): number {
    return this.counts.get(clusterId) ?? 0;
  }

  /** Follows a committed change. */
  committed({ before, after }: JobChange): void {
    const was = before !== null && !isTerminal(before.status);
    const is = !isTerminal(after.status);
    if (was !== is) this.add(after.resolution.cluster.id, is ? 1 : -1);
  }

  /** Counts the clusters anew in the store. */
  async recount(store: JobStore, clusterIds: readonly string[]): Promise<void> {
    await Promise.all(
      clusterIds.map(async (clusterId) => {
        this.set(clusterId, await store.countActive({ clusterId }));
      }),
    );
  }

  private add(clusterId: string, change: number): void {
    this.set(clusterId, this.activeJobs(clusterId) + change);
  }

  private set(clusterId: string, count: number): void {
    if (count > 0) this.counts.set(clusterId, count);
    else this.counts.delete(clusterId);
  }
}
