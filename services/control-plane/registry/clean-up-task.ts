/** Removes registry entries that nothing has used for long. */
import { isMaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { RegistryStore } from '../../../core/ports/registry-store.js';
import { etagOf, type ResourceByKind, type ResourceKind } from '../../../core/registry/resource.js';
import { judgeUnused, type UnusedVerdict } from '../../../core/registry/unused.js';
import type { LeaderTask } from '../leader/leader-task.js';
import type { RegistryKeeper } from './registry-keeper.js';
import { ResourceService } from './resource-service.js';

/** Commands first, so that applications that only they named can follow. */
const KINDS = ['command', 'cluster', 'application'] as const;
const ANY_JOB = {
  ...{ statuses: [], user: null, name: null, tags: [], cluster: null, command: null },
  ...{ grouping: null, groupingInstance: null, createdFrom: null, createdBefore: null },
};

/** Options of `CleanUpTask`. */
export interface CleanUpTaskOptions {
  readonly store: RegistryStore;
  readonly keeper: RegistryKeeper;
  readonly jobs: JobStore;
  /** After how long without use, milliseconds; `null`: nothing is removed. */
  readonly unusedMs: number | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Leader task `registry-clean-up`: midnight, UTC. A write that somebody else came before is left to the next run. */
export class CleanUpTask implements LeaderTask {
  readonly name = 'registry-clean-up';
  readonly schedule = { cron: '0 0 * * *' };

  constructor(private readonly options: CleanUpTaskOptions) {}

  async run(signal: AbortSignal): Promise<string> {
    const { unusedMs } = this.options;
    if (unusedMs === null) return 'nothing to do: unusedRegistryMs is not set';
    const done: Record<Exclude<UnusedVerdict, 'keep'>, string[]> = { delete: [], deactivate: [] };
    for (const kind of KINDS) {
      for (const entry of this.options.keeper.index.list(kind)) {
        if (signal.aborted) break;
        const verdict = await this.judge(kind, entry, unusedMs);
        if (verdict !== 'keep' && (await this.carryOut(kind, entry, verdict)))
          done[verdict].push(`${kind} ${entry.id}`);
      }
    }
    return `deleted: ${listed(done.delete)}; made INACTIVE: ${listed(done.deactivate)}`;
  }

  /** The jobs are asked only when all else speaks for a change. */
  private async judge<K extends ResourceKind>(
    kind: K,
    entry: ResourceByKind[K],
    unusedMs: number,
  ): Promise<UnusedVerdict> {
    const { keeper, jobs, clock } = this.options;
    const named =
      kind === 'application' && keeper.index.list('command').some((each) => each.applicationIds.includes(entry.id));
    const use = { named, now: clock.now(), unusedMs };
    if (kind === 'application' || judgeUnused(kind, entry, { ...use, lastUsedAt: null }) === 'keep') {
      return judgeUnused(kind, entry, { ...use, lastUsedAt: null });
    }
    const filter = { ...ANY_JOB, [kind]: entry.id };
    const [last] = await jobs.list({ filter, order: 'newest', after: null, limit: 1 });
    return judgeUnused(kind, entry, { ...use, lastUsedAt: last?.createdAt ?? null });
  }

  private async carryOut<K extends ResourceKind>(
    kind: K,
    entry: ResourceByKind[K],
    verdict: 'deactivate' | 'delete',
  ): Promise<boolean> {
    const { store, keeper, clock, logger } = this.options;
    try {
      if (verdict === 'delete') {
        await new ResourceService(kind, this.options).delete(entry.id, etagOf(entry));
      } else {
        const resource = { ...entry, status: 'INACTIVE', updatedAt: clock.now(), revision: entry.revision + 1 };
        if (!(await store.replace({ kind, resource }))) return false;
        keeper.put(kind, resource);
      }
    } catch (error) {
      if (isMaridError(error) && ['NOT_FOUND', 'ETAG_MISMATCH', 'IN_USE'].includes(error.code)) return false;
      throw error;
    }
    const { id, name, version } = entry;
    logger.info({ kind, id, name, version, verdict }, 'an unused entry of the registry was cleaned up');
    return true;
  }
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : `${String(names.length)} (${names.join(', ')})`;
}
