/** How many active jobs each user may have. */
import { MaridError } from '../../../core/errors/marid-error.js';
import { isTerminal } from '../../../core/job/status.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import type { UserSlotStore } from '../../../core/ports/user-slot-store.js';
import {
  addMissing,
  changeSlots,
  pruneSlots,
  type Slot,
  type SlotChange,
  type UserSlots,
} from '../../../core/quota/user-slots.js';
import { growingCache } from '../growing-cache.js';
import type { JobChange } from '../jobs/job-repository.js';
import { PerUser } from './per-user.js';

/** Lost races in a row before a submit gives up. */
const MAX_TRIES = 50;
/** A user who is at the limit has the slots compared with the jobs at most this often, milliseconds. */
const COMPARE_EVERY_MS = 1000;
const REMEMBERED_USERS = 10_000;

/** Options of `UserLimits`. */
export interface UserLimitsOptions {
  readonly store: UserSlotStore;
  readonly jobs: JobStore;
  /** Most active jobs of a user who is not in `byUser`; `null`: no limit. */
  readonly perUser: number | null;
  /** Limits of single users; `null`: none. */
  readonly byUser: Readonly<Record<string, number | null>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A slot is taken before the job is inserted and freed after it has ended, so a crash between leaves one too many and never one too few; before anyone is refused, the
 * slots are compared with the jobs themselves. Changes of one user that come together share one compare-and-set. Users without a limit cost nothing.
 *
 * States: open; stopped (`stop`, when what is under way has ended).
 */
export class UserLimits implements Service {
  private readonly changes: PerUser<SlotChange, number | null>;
  private readonly comparedAt = growingCache<string, number>(REMEMBERED_USERS);

  constructor(private readonly options: UserLimitsOptions) {
    this.changes = new PerUser((user, changes) => this.carryOut(user, changes));
  }

  async start(): Promise<void> {
    // nothing runs until a job is submitted
  }

  async stop(): Promise<void> {
    await this.changes.idle();
  }

  /** Whether anybody is limited. */
  get limitsAnybody(): boolean {
    const { perUser, byUser } = this.options;
    return perUser !== null || Object.values(byUser).some((limit) => limit !== null);
  }

  /** Most active jobs of a user; `null`: no limit. */
  limitOf(user: string): number | null {
    const { perUser, byUser } = this.options;
    return Object.hasOwn(byUser, user) ? (byUser[user] ?? null) : perUser;
  }

  /** Takes a slot for a job that is about to be inserted; once for each id. `RESOURCE_EXHAUSTED`, with the limit and the count, when there is none left. */
  async take(user: string, jobId: string): Promise<void> {
    const limit = this.limitOf(user);
    if (limit === null) return;
    const active = await this.changes.ask(user, { kind: 'take', jobId });
    if (active === null) return;
    const facts = { user, limit: String(limit), active_jobs: String(active) };
    const jobs = active === 1 ? '1 active job' : `${String(active)} active jobs`;
    const message = `User ${user} has ${jobs} and may have ${String(limit)}; submit again when one has ended.`;
    throw new MaridError('RESOURCE_EXHAUSTED', message, { facts });
  }

  /** Frees the slot of a job that has ended, or was not inserted; returns at once. What cannot be freed now is found by the next comparison. */
  free(user: string, jobId: string): void {
    if (this.limitOf(user) === null) return;
    this.changes.ask(user, { kind: 'free', jobId }).catch((error: unknown) => {
      this.options.logger.warn(
        { error, user, jobId },
        'the slot of an ended job could not be freed; it is found later',
      );
    });
  }

  /** Follows a committed change. */
  committed({ before, after }: JobChange): void {
    if (before !== null && isTerminal(after.status)) this.free(after.request.user, after.id);
  }

  /** Compares the slots of a user with the jobs, of which these were active a moment ago. A lost race is left to the next comparison. */
  async compare(user: string, activeIds: readonly string[]): Promise<void> {
    const stored = await this.options.store.get({ user });
    const slots = await this.prune(addMissing(stored?.slots ?? [], activeIds, this.options.clock.now()));
    await this.put(user, stored, slots);
  }

  /** One round: for each change the number of active jobs when it was refused, else `null`. */
  private async carryOut(user: string, changes: readonly SlotChange[]): Promise<readonly (number | null)[]> {
    const limit = this.limitOf(user) ?? Infinity;
    let compares: boolean | null = null; // once allowed, for all tries: the first one's write may be lost
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const stored = await this.options.store.get({ user });
      const now = this.options.clock.now();
      let changed = changeSlots(stored?.slots ?? [], changes, { limit, now });
      if (changed.refused.some((active) => active !== null) && (compares ??= this.mayCompare(user))) {
        changed = changeSlots(await this.prune(stored?.slots ?? []), changes, { limit, now });
      }
      if (await this.put(user, stored, changed.slots)) return changed.refused;
    }
    throw new MaridError('UNAVAILABLE', `Too many change the jobs of user ${user} at once; try again.`);
  }

  /** False: somebody else has written. Slots that are as they were cost no write. */
  private async put(user: string, stored: UserSlots | null, slots: readonly Slot[]): Promise<boolean> {
    if (slots.length === 0 && stored === null) return true;
    if (slots === stored?.slots) return true;
    return this.options.store.put({ record: { user, revision: (stored?.revision ?? 0) + 1, slots } });
  }

  private async prune(slots: readonly Slot[]): Promise<readonly Slot[]> {
    if (slots.length === 0) return slots;
    const now = this.options.clock.now();
    const jobs = await this.options.jobs.getMany({ ids: slots.map(({ jobId }) => jobId) });
    const states = new Map(slots.map(({ jobId }, index) => [jobId, jobs[index] ?? null]));
    const stateOf = (jobId: string): 'active' | 'ended' | 'absent' => {
      const job = states.get(jobId) ?? null;
      return job === null ? 'absent' : isTerminal(job.status) ? 'ended' : 'active';
    };
    return pruneSlots(slots, { stateOf, now });
  }

  private mayCompare(user: string): boolean {
    const now = this.options.clock.monotonic();
    if (now - (this.comparedAt.get(user) ?? -Infinity) < COMPARE_EVERY_MS) return false;
    this.comparedAt.set(user, now);
    return true;
  }
}
