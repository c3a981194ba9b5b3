/** CPU time and memory of the jobs' sessions, sampled: exact numbers would need a cgroup for each. */
import type { Clock } from '../../../core/ports/clock.js';
import { listStats, readMemory, type ProcessStat } from './proc.js';

/** Shortest time between samples, in milliseconds. */
const INTERVAL_MS = 2000;
/** A sample of duration d is followed by a pause of at least this times d: at most 1 % of a core. */
const PAUSE_FACTOR = 100;

/** What a session used. */
export interface Usage {
  /** Highest sum of resident memory of its processes that was seen; pages that they share count for each. */
  readonly peakMemoryBytes: number;
  /** CPU time of its processes and of those they waited for. */
  readonly cpuTimeMs: number;
}

/** Samples while there are sessions to watch. What ends before the first sample was not measured. */
export class UsageSampler {
  private readonly sessions = new Map<number, Usage | null>();
  private cancel: (() => void) | null = null;

  constructor(private readonly options: { readonly clock: Clock }) {}

  /** Watches the session of this process. */
  watch(session: number): void {
    this.sessions.set(session, null);
    this.arm(INTERVAL_MS);
  }

  /** Ends the watch; `null`: not measured. */
  take(session: number): Usage | null {
    const usage = this.sessions.get(session) ?? null;
    this.sessions.delete(session);
    if (this.sessions.size === 0) this.stop();
    return usage;
  }

  /** Ends sampling; idempotent. */
  stop(): void {
    this.cancel?.();
    this.cancel = null;
  }

  /** Looks at all processes once. */
  sample(): void {
    const members = new Map<number, ProcessStat[]>([...this.sessions.keys()].map((session) => [session, []]));
    for (const stat of listStats()) members.get(stat.session)?.push(stat);
    for (const [session, before] of this.sessions) {
      this.sessions.set(session, merge(before, measure(members.get(session) ?? [])));
    }
  }

  private arm(ms: number): void {
    this.cancel ??= this.options.clock.after(ms, () => {
      const startedAt = this.options.clock.monotonic();
      this.sample();
      this.cancel = null;
      this.arm(Math.max(INTERVAL_MS, (this.options.clock.monotonic() - startedAt) * PAUSE_FACTOR));
    });
  }
}

function measure(members: readonly ProcessStat[]): Usage | null {
  const memories = members.flatMap((member) => readMemory(member.processId) ?? []);
  if (memories.length === 0) return null;
  const residentBytes = memories.reduce((sum, memory) => sum + memory.residentBytes, 0);
  return {
    peakMemoryBytes: Math.max(residentBytes, ...memories.map((memory) => memory.peakBytes)),
    cpuTimeMs: members.reduce((sum, member) => sum + member.cpuTimeMs, 0),
  };
}

function merge(before: Usage | null, now: Usage | null): Usage | null {
  if (before === null || now === null) return before ?? now;
  return {
    peakMemoryBytes: Math.max(before.peakMemoryBytes, now.peakMemoryBytes),
    cpuTimeMs: Math.max(before.cpuTimeMs, now.cpuTimeMs),
  };
}
