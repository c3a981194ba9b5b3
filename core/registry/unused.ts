/** What becomes of registry entries that nothing has used for long; the rules are those of Genie's clean-up, but for applications. */
import type { ResourceByKind, ResourceKind } from './resource.js';

/** `deactivate`: it becomes INACTIVE, and may be deleted when it stays unused for as long again. */
export type UnusedVerdict = 'keep' | 'deactivate' | 'delete';

/** What is known of an entry's use. */
export interface EntryUse {
  /** When the last job that used it was submitted, milliseconds since the epoch; `null`: none is known. */
  readonly lastUsedAt: number | null;
  /** Whether another entry names it. */
  readonly named: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** After how long an entry that nobody used or changed counts as unused, milliseconds. */
  readonly unusedMs: number;
}

/**
 * TERMINATED clusters and INACTIVE commands are deleted, other commands become INACTIVE. Applications are deleted only when they are INACTIVE and no command names them:
 * jobs may name them directly, and how often is not known. Whatever was changed lately is kept.
 */
export function judgeUnused<K extends ResourceKind>(kind: K, entry: ResourceByKind[K], use: EntryUse): UnusedVerdict {
  const { lastUsedAt, named, now, unusedMs } = use;
  if (named || now - Math.max(entry.updatedAt, lastUsedAt ?? 0) < unusedMs) return 'keep';
  if (entry.status === 'TERMINATED' || entry.status === 'INACTIVE') return 'delete';
  return kind === 'command' ? 'deactivate' : 'keep';
}
