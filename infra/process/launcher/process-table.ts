/** The heart of a launcher: what runs, what has ended and was not taken yet, and the lease over all of it. */
import type { AttemptReference } from '../../../core/job/job.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { HeldProcess, ProcessExit, StartedProcess, StartRequest } from '../../../core/ports/launcher.js';
import type { AttemptRecord, IntendedProcess, RecordedProcess } from './attempt-record.js';
import type { Guard } from './guard.js';
import { JobProcess, type LeaderExit } from './job-process.js';
import type { LeaseDeadline, LeaseRenewal } from './lease-deadline.js';
import { armLong } from './long-timer.js';
import { readStat } from './proc.js';
import { recoverExit } from './recover.js';
import type { RecordJournal } from './record-journal.js';
import { Survey } from './session.js';
import { outputBytes, startProcess, type RunningChild } from './start-process.js';
import { UsageSampler } from './usage-sampler.js';

/** From SIGTERM to SIGKILL when a process has run for too long, in milliseconds. */
const TIMEOUT_GRACE_MS = 10_000;
/** The lease is looked at this often while something runs, in milliseconds: a machine that wakes up must notice. */
const LEASE_LOOK_MS = 1000;

/** What a `ProcessTable` is made of. */
export interface ProcessTableOptions {
  readonly records: RecordJournal;
  readonly lease: LeaseDeadline;
  /** The present boot, see `readBoot`. */
  readonly boot: string;
  readonly guard: Pick<Guard, 'watch'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with each exit once it is on disk. */
  readonly onExit: (exit: ProcessExit) => void;
}

/**
 * An attempt is *starting*, *running*, *ended* (its exit is on disk) or, after `forget`, unknown. `start`, `settle` and `forget` change that and nothing else
 * does. All calls come from one thread, so nothing here locks.
 */
export class ProcessTable {
  private readonly options: ProcessTableOptions;
  private readonly starting = new Set<string>();
  private readonly running = new Map<string, JobProcess>();
  private readonly ended = new Map<string, ProcessExit>();
  private readonly timeouts = new Map<string, () => void>();
  private readonly sampler: UsageSampler;
  private readonly survey: Survey;
  private cancelLeaseLook: (() => void) | null = null;

  constructor(options: ProcessTableOptions) {
    this.options = options;
    this.sampler = new UsageSampler(options);
    this.survey = new Survey(options.clock);
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
      if (record.exit === null) this.writeExit(exit);
      this.ended.set(keyOf(exit.attempt), exit);
    };
    await Promise.all(this.options.records.load().map(recoverOne));
  }

  /** See `Launcher.start`. */
  async start(request: StartRequest): Promise<StartedProcess> {
    const key = keyOf(request.attempt);
    this.admit(key, request.attempt);
    this.starting.add(key);
    try {
      return await this.startRecorded(key, request);
    } finally {
      this.starting.delete(key);
    }
  }

  /** See `Launcher.kill`. */
  kill(attempt: AttemptReference, graceMs: number): boolean {
    const job = this.running.get(keyOf(attempt));
    job?.terminate('kill', graceMs);
    return job !== undefined;
  }

  /** See `Launcher.renew`. What was terminated because the lease had expired is killed all the same. */
  renew(renewal: LeaseRenewal): void {
    this.options.lease.renew(renewal);
    this.lookAtLease();
  }

  /** See `Launcher.adopt`. A worker that finds nothing running begins with the default lease. */
  adopt(): readonly HeldProcess[] {
    if (!this.busy) this.options.lease.reset();
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
    const { records } = this.options;
    records.begin(intended);
    let running: RunningChild;
    try {
      running = await startProcess(request);
    } catch (error) {
      records.remove(attempt);
      throw error;
    }
    const started = this.describe(running.processId);
    const facts = { ...running, intended, started, startTicks: started.startTicks };
    const job = new JobProcess({ ...this.options, ...facts, survey: this.survey, onSettled: this.settle });
    this.hold(key, request, job);
    records.started(attempt, started);
    return { processId: started.processId, startedAt: started.startedAt };
  }

  /** The child cannot have been waited for yet, so its number is still its own. */
  private describe(processId: number): RecordedProcess {
    const startTicks = readStat(processId)?.startTicks ?? 0;
    return { processId, startedAt: this.options.clock.now(), startTicks };
  }

  private hold(key: string, request: StartRequest, job: JobProcess): void {
    this.running.set(key, job);
    this.sampler.watch(job.started.processId);
    const timeOut = (): void => job.terminate('timeout', TIMEOUT_GRACE_MS);
    this.timeouts.set(key, armLong(this.options.clock, request.timeoutMs, timeOut));
    this.lookAtLease();
  }

  private readonly settle = (job: JobProcess, leader: LeaderExit): void => {
    const { intended, started } = job;
    const key = keyOf(intended.attempt);
    this.timeouts.get(key)?.();
    this.timeouts.delete(key);
    const usage = this.sampler.take(started.processId);
    const exit: ProcessExit = {
      attempt: intended.attempt,
      result: {
        exitCode: leader.exitCode,
        signal: leader.signal,
        processId: started.processId,
        stdoutBytes: outputBytes(intended.stdoutPath),
        stderrBytes: outputBytes(intended.stderrPath),
        peakMemoryBytes: usage?.peakMemoryBytes ?? null,
        cpuTimeMs: usage?.cpuTimeMs ?? null,
      },
      endedAt: leader.endedAt,
      endedBy: job.endedBy,
    };
    this.writeExit(exit);
    this.running.delete(key);
    this.ended.set(key, exit);
    this.options.onExit(exit);
  };

  /** A disk that is full must not keep the worker from hearing of the exit. */
  private writeExit(exit: ProcessExit): void {
    try {
      this.options.records.end(exit);
    } catch (error) {
      this.options.logger.error({ attempt: exit.attempt, error }, 'an exit could not be recorded');
    }
  }

  private lookAtLease(): void {
    this.cancelLeaseLook?.();
    this.cancelLeaseLook = null;
    const { lease, clock, guard } = this.options;
    guard.watch(this.running.size === 0 ? null : lease.killInMs);
    if (this.running.size === 0) return;
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
