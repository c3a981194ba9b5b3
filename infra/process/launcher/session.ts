/**
 * The processes of a job: its session, which is named by its leader and may hold several groups (`timeout` makes one of its own). Only groups can be signalled, and
 * only `/proc` tells which there are.
 */
import type { Clock } from '../../../core/ports/clock.js';
import { succeeds } from './errno.js';
import { listStats, type ProcessStat } from './proc.js';

/** After a look that took d, the next one waits for this times d: at most a fifth of a core. */
const REST_FACTOR = 4;
/** How long a look that nobody waits for may be put off, in milliseconds. */
const LATER_MS = 2000;

/** Sends a signal to every process of the group; false when there is none. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  return succeeds(() => process.kill(-group, signal), 'ESRCH', 'EPERM');
}

/**
 * Groups of the session that have a live process. `leaderTicks` is the start of its leader, `null` when that is known to be gone: a number is given again only when its
 * session has no process any more, so another process with the leader's number says that none of this one is left.
 */
export function liveGroups(
  stats: readonly ProcessStat[],
  session: number,
  leaderTicks: number | null,
): readonly number[] {
  const leader = stats.find((stat) => stat.processId === session);
  if (leader !== undefined && leader.startTicks !== leaderTicks) return [];
  const members = stats.filter((stat) => stat.session === session && stat.state !== 'Z' && stat.state !== 'X');
  return [...new Set(members.map((stat) => stat.group))];
}

/** Looks at all processes, once for all who ask at about the same time. */
export class Survey {
  private next: Promise<readonly ProcessStat[]> | null = null;
  private later: Promise<readonly ProcessStat[]> | null = null;
  private restMs = 0;

  constructor(private readonly clock: Clock) {}

  /** A look that begins after the call. */
  look(): Promise<readonly ProcessStat[]> {
    this.next ??= this.clock.sleep(this.restMs).then(() => {
      this.next = null;
      const startedAt = this.clock.monotonic();
      const stats = listStats();
      this.restMs = (this.clock.monotonic() - startedAt) * REST_FACTOR;
      return stats;
    });
    return this.next;
  }

  /** The same within the next seconds. */
  lookLater(): Promise<readonly ProcessStat[]> {
    this.later ??= this.clock.sleep(LATER_MS).then(() => {
      this.later = null;
      return this.look();
    });
    return this.later;
  }
}
