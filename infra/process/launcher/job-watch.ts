/** What the jobs use, looked at while they run, and what is done when one has reached a limit. */
import type { Clock } from '../../../core/ports/clock.js';
import type { LimitHit, ProcessLimits } from '../../../core/ports/launcher.js';
import type { JobTree } from './job-tree.js';
import { limitHit, nextLookMs } from './limit-check.js';
import { highest, measure, proportionalBytes, residentBytes, threadsOfMachine, type Usage } from './proc-usage.js';
import type { ProcessStat } from './proc.js';
import type { Survey } from './survey.js';

/** From a start to the first look, in milliseconds: what ends before is not measured. */
const FIRST_LOOK_MS = 100;
/** Shortest time between looks at all processes, in milliseconds. */
const INTERVAL_MS = 2000;
/** A look at all processes that took d is followed by a pause of at least this times d: at most 1 % of a core; the small looks between: 5 %. */
const PAUSE_FACTOR = 100;
const SMALL_PAUSE_FACTOR = 20;
/** The pauses are no longer than these, in milliseconds: on a busy machine a look waits for its turn, and a limit must be kept there as well. */
const LONGEST_INTERVAL_MS = 10_000;
const LONGEST_SMALL_PAUSE_MS = 500;
/** How often is asked whether there are too many processes, in milliseconds. */
const COUNT_MS = 200;

/** A job that is watched. */
export interface WatchedJob {
  readonly tree: JobTree;
  readonly limits: ProcessLimits;
  /** Tells whether the limit of memory was reached, where a cgroup keeps it; absent: this watch does. */
  readonly memoryHit?: () => LimitHit | null;
  /** Called when it has reached a limit, perhaps repeatedly until `take`. */
  readonly onHit: (hit: LimitHit) => void;
}

interface Watched extends WatchedJob {
  usage: Usage | null;
  /** When it is looked at, by the monotonic clock. */
  dueAt: number;
}

/** States: *at rest* without jobs; *watching*: a look at all processes now and then, and small looks between at the jobs that are due. */
export class JobWatch {
  private readonly jobs = new Map<JobTree, Watched>();
  private cancel: (() => void) | null = null;
  private wakesAt = Number.POSITIVE_INFINITY;
  private fullDueAt = 0;
  private restUntil = 0;
  private threads = 0;

  constructor(private readonly options: { readonly clock: Clock; readonly survey: Survey }) {}

  /** Watches a job. */
  watch(job: WatchedJob): void {
    const now = this.options.clock.monotonic();
    if (this.jobs.size === 0) this.fullDueAt = now + INTERVAL_MS;
    const dueAt = now + FIRST_LOOK_MS;
    this.jobs.set(job.tree, { ...job, usage: null, dueAt });
    if (this.wakesAt > dueAt) this.arm();
  }

  /** Ends the watch; `null`: not measured. */
  take(tree: JobTree): Usage | null {
    const usage = this.jobs.get(tree)?.usage ?? null;
    this.jobs.delete(tree);
    if (this.jobs.size === 0) this.rest();
    return usage;
  }

  private rest(): void {
    this.cancel?.();
    this.cancel = null;
    this.wakesAt = Number.POSITIVE_INFINITY;
  }

  private arm(): void {
    if (this.jobs.size === 0) return;
    const now = this.options.clock.monotonic();
    let dueAt = this.fullDueAt;
    for (const job of this.jobs.values()) dueAt = Math.min(dueAt, job.dueAt);
    dueAt = Math.max(dueAt, this.restUntil, now);
    if (this.cancel !== null && this.wakesAt <= dueAt) return;
    this.cancel?.();
    this.wakesAt = dueAt;
    this.cancel = this.options.clock.after(Math.ceil(dueAt - now), () => this.wake());
  }

  private wake(): void {
    this.rest();
    const { clock } = this.options;
    const startedAt = clock.monotonic();
    const full = startedAt >= this.fullDueAt || this.mayHaveForked();
    if (full) this.lookAtAll();
    else this.lookAtDue(startedAt);
    const now = clock.monotonic();
    const tookMs = now - startedAt;
    if (full) this.fullDueAt = now + Math.min(LONGEST_INTERVAL_MS, Math.max(INTERVAL_MS, tookMs * PAUSE_FACTOR));
    this.restUntil = now + Math.min(LONGEST_SMALL_PAUSE_MS, tookMs * SMALL_PAUSE_FACTOR);
    this.arm();
  }

  /** Whether the machine has so many threads more than at the last look that a job may have passed its limit out of sight of its leader. */
  private mayHaveForked(): boolean {
    const rooms = [...this.jobs.values()].flatMap(({ limits: { processes }, tree }) =>
      processes === undefined ? [] : [processes - tree.found.length],
    );
    return rooms.length > 0 && threadsOfMachine() - this.threads > Math.min(...rooms);
  }

  private lookAtAll(): void {
    const snapshot = this.options.survey.lookNow();
    this.threads = threadsOfMachine();
    for (const job of [...this.jobs.values()]) this.note(job, measure(job.tree.look(snapshot, false)));
  }

  private lookAtDue(now: number): void {
    for (const job of [...this.jobs.values()]) {
      if (job.dueAt > now) continue;
      const members = job.tree.lookNear((job.limits.processes ?? Number.POSITIVE_INFINITY) + 1);
      this.note(job, job.usage === null ? measure(members) : remeasure(job.usage, members));
    }
  }

  private note(job: Watched, now: Usage | null): void {
    const { clock } = this.options;
    job.usage = highest(job.usage, now);
    job.dueAt = clock.monotonic() + nextLookMs(job.limits, now?.residentBytes ?? 0);
    if (job.limits.processes !== undefined) job.dueAt = Math.min(job.dueAt, clock.monotonic() + COUNT_MS);
    if (now === null) return;
    const { memoryHit, limits, onHit } = job;
    const hit = memoryHit?.() ?? limitHit(limits, now, memoryHit === undefined ? now.residentBytes : 0);
    if (hit?.limit === 'memory' && memoryHit === undefined) this.confirm(job, now);
    else if (hit !== null) onHit(hit);
  }

  /** Pages that processes share were counted for each of them: counts them once before anything is ended. */
  private confirm(job: Watched, now: Usage): void {
    const bytes = sumOf(job.tree.found, (id) => proportionalBytes(id) ?? residentBytes(id));
    const hit = limitHit(job.limits, now, bytes);
    if (hit !== null) job.onHit(hit);
    else job.dueAt = this.options.clock.monotonic() + INTERVAL_MS / 2;
  }
}

/** The use with the memory of now: a small part of the cost of all. */
function remeasure(usage: Usage, members: readonly ProcessStat[]): Usage {
  const resident = sumOf(members, residentBytes);
  const peakMemoryBytes = Math.max(usage.peakMemoryBytes, resident);
  return { ...usage, residentBytes: resident, peakMemoryBytes, processes: members.length };
}

function sumOf(members: readonly ProcessStat[], bytes: (processId: number) => number): number {
  return members.reduce((sum, { processId }) => sum + bytes(processId), 0);
}
