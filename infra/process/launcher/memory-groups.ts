/** Gives jobs memory cgroups where they are asked for and can be had. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { ProcessLimits } from '../../../core/ports/launcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import { Cgroups, type Cgroup } from './cgroups.js';

/** When the removal of a group is tried again, in milliseconds: the kernel lets go of its processes a little later than they end. */
const REMOVE_AGAIN_MS = [10, 100, 1000, 10_000];

/** What `MemoryGroups` is made of. */
export interface MemoryGroupsOptions {
  /** Names the launcher's groups; the same for the next launcher of the folder. */
  readonly owner: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Finds the place for groups. Default: `Cgroups.find`. */
  readonly find?: (owner: string) => Cgroups | null;
}

/** Looks for the place of the groups when the first job asks for one. */
export class MemoryGroups {
  private groups: Cgroups | null | undefined;

  constructor(private readonly options: MemoryGroupsOptions) {}

  /** A group for a job; `null` when it is to be watched instead. `RESOURCE_EXHAUSTED` when only a group will do and there is none. */
  open({ memoryMb, memoryBy }: ProcessLimits): Cgroup | null {
    if (memoryMb === undefined || memoryBy === undefined || memoryBy === 'watch') return null;
    try {
      const group = this.place()?.make(memoryMb) ?? null;
      if (group !== null || memoryBy === 'auto') return group;
    } catch (error) {
      this.options.logger.warn({ error }, 'no memory cgroup can be made');
      this.groups = null;
      if (memoryBy === 'auto') return null;
    }
    throw new MaridError(
      'RESOURCE_EXHAUSTED',
      'No memory cgroup can be made here, and this worker runs no job without.',
    );
  }

  /** Removes a group when its job has ended, with whatever is left in it. */
  close(group: Cgroup, tries = 0): void {
    const againMs = REMOVE_AGAIN_MS[tries];
    if (group.remove()) return;
    if (againMs === undefined) this.options.logger.error({ group: group.path }, 'a cgroup cannot be removed');
    else this.options.clock.after(againMs, () => this.close(group, tries + 1));
  }

  private place(): Cgroups | null {
    if (this.groups !== undefined) return this.groups;
    const { owner, logger, find } = this.options;
    this.groups = (find ?? Cgroups.find)(owner);
    logger.info({ found: this.groups !== null }, 'looked for a place for memory cgroups');
    for (const left of this.groups?.leftOver() ?? []) this.close(left);
    return this.groups;
  }
}
