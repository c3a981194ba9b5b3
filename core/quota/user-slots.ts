/** How many jobs a user has under way, where that is limited. Pure: one record per user, changed by compare-and-set. */

/** A slot is taken before its job is inserted: for this long a job that is not there may be on its way. Milliseconds. */
export const SLOT_UNDER_WAY_MS = 60_000;

/** A job that counts. */
export interface Slot {
  readonly jobId: string;
  /** When it was taken, milliseconds since the epoch. */
  readonly since: number;
}

/** The jobs of a user that count. Plain JSON. */
export interface UserSlots {
  readonly user: string;
  /** Counts the writes, from 1; the basis of compare-and-set. */
  readonly revision: number;
  /** In the order in which they were taken, each job once. */
  readonly slots: readonly Slot[];
}

/** A change of a user's slots: one is wanted for a job, or its job has ended. */
export interface SlotChange {
  readonly kind: 'take' | 'free';
  readonly jobId: string;
}

/** Slots after some changes. */
export interface ChangedSlots {
  /** The same array when nothing changed. */
  readonly slots: readonly Slot[];
  /** For each change the number of active jobs when it was refused because there were as many as allowed, else `null`. */
  readonly refused: readonly (number | null)[];
}

/** Carries changes out in order. A job that has a slot keeps it and takes no second one. */
export function changeSlots(
  before: readonly Slot[],
  changes: readonly SlotChange[],
  o: { readonly limit: number; readonly now: number },
): ChangedSlots {
  const slots = new Map(before.map((slot) => [slot.jobId, slot]));
  let changed = false;
  const refused = changes.map(({ kind, jobId }) => {
    if (kind === 'free') changed = slots.delete(jobId) || changed;
    else if (!slots.has(jobId)) {
      if (slots.size >= o.limit) return slots.size;
      slots.set(jobId, { jobId, since: o.now });
      changed = true;
    }
    return null;
  });
  return { slots: changed ? [...slots.values()] : before, refused };
}

/** The slots without those of jobs that were seen to have ended, or that never came to be. The same array when all stay. */
export function pruneSlots(
  slots: readonly Slot[],
  o: {
    /** What the store says of a job; `absent`: there is none. */
    readonly stateOf: (jobId: string) => 'active' | 'ended' | 'absent';
    /** When the store was asked, milliseconds since the epoch. */
    readonly now: number;
  },
): readonly Slot[] {
  const kept = slots.filter(({ jobId, since }) => {
    const state = o.stateOf(jobId);
    return state === 'active' || (state === 'absent' && o.now - since < SLOT_UNDER_WAY_MS);
  });
  return kept.length === slots.length ? slots : kept;
}

/** The slots with those that active jobs lack, for example because they were submitted before there was a limit. The same array when none lacks one. */
export function addMissing(slots: readonly Slot[], activeIds: readonly string[], now: number): readonly Slot[] {
  const known = new Set(slots.map(({ jobId }) => jobId));
  const missing = activeIds.filter((jobId) => !known.has(jobId));
  return missing.length === 0 ? slots : [...slots, ...missing.map((jobId) => ({ jobId, since: now }))];
}
