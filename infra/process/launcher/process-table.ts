/** The heart of a launcher: what runs, what has ended and was not taken yet, and the lease over all of it. */
import type { AttemptReference } from '../../../core/job/job.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type {
  HeldProcess,
  KillOptions,
  LimitHit,
  ProcessExit,
  ProcessLimits,
  StartedProcess,
  StartRequest,
} from '../../../core/ports/launcher.js';
import type { AttemptRecord, IntendedProcess, RecordedProcess } from './attempt-record.js';
import type { Cgroup } from './cgroups.js';
import type { Guard } from './guard.js';
import { JobProcess, type JobProcessContext, type LeaderExit } from './job-process.js';
import { JobTree, markOf } from './job-tree.js';
import { JobWatch } from './job-watch.js';
import type { LeaseDeadline, LeaseRenewal } from './lease-deadline.js';
import { hitOfExit } from './limit-check.js';
import { armLong } from './long-timer.js';
import { readStat } from './proc.js';
import { usedBy, type MeasuredUse } from './proc-usage.js';
import type { MemoryGroups } from './memory-groups.js';
import { endMarked, recoverExit } from './recover.js';
import type { RecordJournal } from './record-journal.js';
import type { RunningChild, Spawner } from './spawner.js';
import { isFile, outputBytes, startProcess } from './start-process.js';
import { Survey } from './survey.js';

/** From SIGTERM to SIGKILL when a job has run, or computed, for too long, in milliseconds. */
const OVERRUN_GRACE_MS = 10_000;
/** The lease is looked at this often while something runs, in milliseconds: a machine that wakes up must notice. */
const LEASE_LOOK_MS = 1000;

/** A job that runs, with what has to be let go when it ends. */
interface HeldJob {
  readonly job: JobProcess;
  readonly tree: JobTree;
  readonly cgroup: Cgroup | null;
}
type Running = HeldJob & { readonly limits: ProcessLimits; readonly cancelTimeout: () => void };

/** What a `ProcessTable` is made of. */
export interface ProcessTableOptions {
  readonly records: RecordJournal;
  readonly lease: LeaseDeadline;
  /** The present boot, see `readBoot`. */
  readonly boot: string;
  /** What the marks of its jobs begin with; the same for every launcher of the folder, and for no other. */
  readonly owner: string;
  readonly groups: MemoryGroups;
  readonly spawner: Spawner;
  readonly guard: Pick<Guard, 'watch'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with each exit; it has to be on disk (`RecordJournal.flush`) before anybody is told. */
  readonly onExit: (exit: ProcessExit) => void;
}

/**
 * An attempt is *starting*, *running*, *ended* (its exit is on disk before anybody is told) or, after `forget`, unknown. `start`, `settle` and `forget` change that and nothing else
 * does. All calls come from one thread, so nothing here locks.
 */
export class ProcessTable {
  private readonly options: ProcessTableOptions;
  private readonly starting = new Set<string>();
  private readonly running = new Map<string, JobProcess>();
  private readonly ended = new Map<string, ProcessExit>();
  private readonly held = new Map<JobProcess, Running>();
  private readonly watch: JobWatch;
  private recovered = false;
  private readonly survey: Survey;
  private readonly context: JobProcessContext;
  private cancelLeaseLook: (() => void) | null = null;

  constructor(options: ProcessTableOptions) {
    this.options = options;
    const { clock, logger } = options;
    this.survey = new Survey(clock);
    this.watch = new JobWatch({ clock, survey: this.survey });
    this.context = { survey: this.survey, clock, logger, onSettled: (job, exit) => this.settle(job, exit) };
  }

  /** Whether anything runs or is about to. */
  get busy(): boolean {
    return this.running.size + this.starting.size > 0;
  }

  /** Whether anything runs or an exit was not taken. */
  get holding(): boolean {
    return this.busy || this.ended.size > 0;
  }

  /** Takes over the records of an earlier launcher; to be called before anything else. */
  async recover(): Promise<void> {
    const recovery = { ...this.options, survey: this.survey };
    const recoverOne = async (record: AttemptRecord): Promise<void> => {
      const exit = await recoverExit(record, recovery);
      if (record.exit === null) this.options.records.end(exit);
      this.ended.set(keyOf(exit.attempt), exit);
    };
    await Promise.all(this.options.records.load().map(recoverOne));
    this.recovered = true;
    this.endLeftovers();
  }

  /** Ends what jobs that have ended left behind. Does nothing while something runs, or another launcher may serve the folder. */
  endLeftovers(): void {
    if (this.recovered && !this.busy) endMarked(this.survey.lookNow(), this.options);
  }

  /** See `Launcher.start`. */
  async start(request: StartRequest): Promise<StartedProcess> {
    const key = keyOf(request.attempt);
    this.admit(key, request.attempt);
    this.starting.add(key);
    // The guard watches before anything runs, because this process may be stopped right after; else it was told within the last second.
    if (this.cancelLeaseLook === null) this.lookAtLease();
    try {
      return await this.startRecorded(key, request);
    } finally {
      this.starting.delete(key);
    }
  }

  /** See `Launcher.kill`. */
  kill({ attempt, graceMs, hit }: KillOptions): boolean {
    const job = this.running.get(keyOf(attempt));
    if (hit === undefined) job?.terminate('kill', graceMs);
    else job?.endFor(hit, graceMs);
    return job !== undefined;
  }

  /** See `Launcher.renew`. What was terminated because the lease had expired is killed all the same. */
  renew(renewal: LeaseRenewal): void {
    this.options.lease.renew(renewal);
    this.lookAtLease();
  }

  /** See `Launcher.adopt`. A worker that finds nothing running begins with the default lease, unless it has just said what is left of its own. */
  adopt(hasRenewed: boolean): readonly HeldProcess[] {
    if (!this.busy && !hasRenewed) {
      this.options.lease.reset();
      this.lookAtLease();
    }
    const running = [...this.running.values()].map(({ intended, started }): HeldProcess => ({
      kind: 'running',
      attempt: intended.attempt,
      process: started,
    }));
    const ended = [...this.ended.values()].map((exit): HeldProcess => ({ kind: 'ended', attempt: exit.attempt, exit }));
    return [...running, ...ended];
  }

  /** See `Launcher.forget`; an attempt that runs stays. */
  forget(attempt: AttemptReference): void {
    if (this.ended.delete(keyOf(attempt))) this.options.records.remove(attempt);
  }

  private admit(key: string, attempt: AttemptReference): void {
    if (this.starting.has(key) || this.running.has(key) || this.ended.has(key)) {
      const name = `attempt ${String(attempt.attempt)} of job ${JSON.stringify(attempt.jobId)}`;
      throw new MaridError('ALREADY_EXISTS', `The launcher holds ${name} already.`);
    }
    if (!this.busy) this.options.lease.resetUnlessRenewed();
    if (this.options.lease.phase !== 'held') {
      throw new MaridError('STALE_SESSION', 'The lease of this worker has expired: renew it before starting anything.');
    }
  }

  private async startRecorded(key: string, request: StartRequest): Promise<StartedProcess> {
    const { attempt, stdoutPath, stderrPath } = request;
    const intended: IntendedProcess = { attempt, boot: this.options.boot, stdoutPath, stderrPath };
    const { records, groups, owner, spawner } = this.options;
    const mark = markOf(owner, attempt);
    records.begin(intended);
    let cgroup: Cgroup | null = null;
    let running: RunningChild;
    try {
      cgroup = groups.open(request.limits ?? {});
      running = await startProcess({ request, mark, cgroup: cgroup?.path ?? null, spawner });
    } catch (error) {
      if (cgroup !== null) groups.close(cgroup);
      records.remove(attempt);
      throw error;
    }
    const started = this.describe(running);
    const outputs = [...new Set([stdoutPath, stderrPath])].filter(isFile);
    const tree = new JobTree({ leader: started.processId, startTicks: started.startTicks, mark, outputs });
    const job = new JobProcess({ intended, started, tree, exited: running.exited, context: this.context });
    this.hold(key, request, { job, tree, cgroup });
    records.started(attempt, started);
    return { processId: started.processId, startedAt: started.startedAt };
  }

  /** The child cannot have been waited for yet, so its number is still its own. */
  private describe({ processId, startTicks: known }: RunningChild): RecordedProcess {
    const startTicks = known ?? readStat(processId)?.startTicks ?? 0;
    return { processId, startedAt: this.options.clock.now(), startTicks };
  }

  private hold(key: string, { limits = {}, timeoutMs }: StartRequest, held: HeldJob): void {
    const { job, tree, cgroup } = held;
    this.running.set(key, job);
    const timeOut = (): void => job.terminate('timeout', OVERRUN_GRACE_MS);
    const cancelTimeout = armLong(this.options.clock, timeoutMs, timeOut);
    this.held.set(job, { ...held, limits, cancelTimeout });
    const onHit = (hit: LimitHit): void => job.endFor(hit, hit.limit === 'cpuTime' ? OVERRUN_GRACE_MS : 0);
    const memoryHit = cgroup === null ? {} : { memoryHit: () => cgroup.hit() };
    this.watch.watch({ tree, limits, ...memoryHit, onHit });
    if (this.options.lease.phase !== 'held') this.lookAtLease();
  }

  private settle(job: JobProcess, leader: LeaderExit): void {
    const { intended, started } = job;
    const key = keyOf(intended.attempt);
    const { usage, hit } = this.release(job, leader);
    const exit: ProcessExit = {
      attempt: intended.attempt,
      result: {
        exitCode: leader.exitCode,
        signal: leader.signal,
        processId: started.processId,
        stdoutBytes: outputBytes(intended.stdoutPath),
        stderrBytes: outputBytes(intended.stderrPath),
        ...usage,
      },
      endedAt: leader.endedAt,
      ...(hit === null ? { endedBy: job.endedBy } : { endedBy: 'limit', hit }),
    };
    this.options.records.end(exit);
    this.running.delete(key);
    this.ended.set(key, exit);
    this.options.onExit(exit);
  }

  /** Lets go of what a job held. What it used, and the limit that ended it. */
  private release(job: JobProcess, leader: LeaderExit): { readonly usage: MeasuredUse; readonly hit: LimitHit | null } {
    const held = this.held.get(job);
    this.held.delete(job);
    held?.cancelTimeout();
    const { tree, cgroup = null, limits = {} } = held ?? {};
    const usage = usedBy(tree === undefined ? null : this.watch.take(tree), cgroup?.peakBytes ?? null);
    const untold = job.endedBy === null ? (cgroup?.hit() ?? hitOfExit(limits, leader)) : job.hit;
    if (cgroup !== null) this.options.groups.close(cgroup);
    return { usage, hit: untold };
  }

  /** Looks once a second while something runs and once after that: telling the guard costs as much as a short job. */
  private lookAtLease(): void {
    this.cancelLeaseLook?.();
    this.cancelLeaseLook = null;
    const { lease, clock, guard } = this.options;
    guard.watch(this.busy ? lease.killInMs : null);
    if (!this.busy) return;
    const due = lease.phase !== 'held';
    for (const job of due ? this.running.values() : []) job.terminate('lease', lease.killInMs);
    const nextMs = due ? LEASE_LOOK_MS : Math.min(LEASE_LOOK_MS, lease.terminateInMs);
    this.cancelLeaseLook = clock.after(nextMs, () => this.lookAtLease());
  }
}

/** Tells attempts apart; the number comes first because an id may hold anything. */
function keyOf({ jobId, attempt }: AttemptReference): string {
  return `${String(attempt)} ${jobId}`;
}
