/** Workers with room, whose calls are held until there is something for them. */
import { WorkerCalls } from '../../../core/dispatch/worker-calls.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import { agentOfPool } from '../../../core/fleet/agent-pool.js';
import { isInService } from '../../../core/fleet/silence.js';
import type { WorkerRecord } from '../../../core/fleet/worker-record.js';
import { restsUntil } from '../../../core/job/retry.js';
import { PollLoop } from '../../../core/loops/poll-loop.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { Service } from '../../../core/ports/service.js';
import type { WorkerDirectory } from '../fleet/worker-directory.js';
import type { WorkerSessions } from '../fleet/worker-sessions.js';

/** How often the store is asked what waits. */
const LOOK_MS = 500;
/** Waiting jobs that a look reads, and the next one when all of them rest before another attempt. */
const JOBS_OF_A_LOOK = 64;
const JOBS_OF_A_DEEP_LOOK = 1024;

/** Options of `IdleWorkers`. */
export interface IdleWorkersOptions {
  readonly store: Pick<JobStore, 'waiting'>;
  readonly sessions: Pick<WorkerSessions, 'current'>;
  readonly directory: Pick<WorkerDirectory, 'get'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A worker that waits. */
export interface IdleWorker {
  readonly workerId: string;
  readonly session: string;
  /** Memory that is free, in MiB. */
  readonly memoryMb: number;
  /** How long it waits at most, milliseconds. */
  readonly waitMs: number;
  /** The job that it knows it is reserved for; empty: none. */
  readonly reservedFor: string;
}

interface HeldCall extends IdleWorker {
  readonly pool: string;
  /** On the monotonic clock. */
  readonly until: number;
  readonly answer: (ask: boolean) => void;
  readonly refuse: (error: MaridError) => void;
}

interface Pool {
  readonly calls: WorkerCalls;
  /** Whether all jobs that the last look read rest, so that others may be behind them. */
  readonly deep: boolean;
}

/**
 * One look at the store for all idle workers of a pool takes the place of a question of each. Being called gives a worker nothing but the advice to ask, so that a call that is lost loses nothing.
 *
 * States: new; looking (`start`); ended (`endCalls` or `stop`: held calls are refused with `UNAVAILABLE`, and so is every later one).
 */
export class IdleWorkers implements Service {
  /** By worker: only the last call of each counts. */
  private readonly held = new Map<string, HeldCall>();
  private pools = new Map<string, Pool>();
  private readonly looking: PollLoop;
  private ended = false;

  constructor(private readonly options: IdleWorkersOptions) {
    const { clock, logger } = options;
    this.looking = new PollLoop({
      ...{ name: 'idle-workers', intervalMs: () => LOOK_MS, clock, logger },
      run: () => this.look(),
    });
  }

  async start(): Promise<void> {
    await this.looking.start();
  }

  async stop(): Promise<void> {
    this.endCalls();
    await this.looking.stop();
  }

  /** Refuses the calls that are held, and those to come: their callers go to another control plane. */
  endCalls(): void {
    this.ended = true;
    for (const { refuse } of this.held.values()) refuse(stopping());
  }

  /**
   * Whether the worker is to ask for jobs: true when there is a reason, false after its time or when `signal` aborts. Rejects with `STALE_SESSION` when the session is over, with `UNAVAILABLE`
   * when the control plane stops.
   */
  async wait(worker: IdleWorker, signal: AbortSignal): Promise<boolean> {
    const { sessions, clock } = this.options;
    const { workerId, session, waitMs } = worker;
    const known = await sessions.current(workerId, session);
    if (this.ended) throw stopping();
    if (known === null) throw new MaridError('STALE_SESSION', `The session of worker ${workerId} is over.`);
    if (signal.aborted) return false;
    const { pool } = known.record;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        signal.removeEventListener('abort', giveUp);
        if (this.held.get(workerId) === call) this.held.delete(workerId);
        act();
      };
      const answer = (ask: boolean): void => settle(() => resolve(ask));
      const refuse = (error: MaridError): void => settle(() => reject(error));
      const giveUp = (): void => answer(false);
      const call: HeldCall = { ...worker, pool, until: clock.monotonic() + waitMs, answer, refuse };
      signal.addEventListener('abort', giveUp, { once: true });
      this.held.get(workerId)?.answer(false);
      this.held.set(workerId, call);
    });
  }

  private async look(): Promise<void> {
    const idle = new Map<string, HeldCall[]>();
    const now = this.options.clock.monotonic();
    for (const call of this.held.values()) {
      if (call.until <= now) call.answer(false);
      else this.sort(call, idle);
    }
    const before = this.pools;
    this.pools = new Map();
    await Promise.all([...idle].map(([pool, calls]) => this.callFor(pool, calls, before.get(pool))));
  }

  /** Answers a call that has a reason of its own, and adds it to those of its pool if its worker may have jobs. */
  private sort(call: HeldCall, idle: Map<string, HeldCall[]>): void {
    const record = this.options.directory.get(call.workerId)?.record;
    if (record === undefined) return;
    if (record.session !== call.session || isNewsTo(call, record)) call.answer(true);
    else if (record.reservation === null && !record.draining && isInService(record)) {
      const calls = idle.get(call.pool);
      if (calls === undefined) idle.set(call.pool, [call]);
      else calls.push(call);
    }
  }

  private async callFor(pool: string, workers: readonly HeldCall[], before: Pool | undefined): Promise<void> {
    const { store, clock, random } = this.options;
    const calls = before?.calls ?? new WorkerCalls(random);
    this.pools.set(pool, { calls, deep: false });
    const memoryMb = workers.reduce((most, call) => Math.max(most, call.memoryMb), 0);
    const limit = before?.deep === true ? JOBS_OF_A_DEEP_LOOK : JOBS_OF_A_LOOK;
    const jobs = await store.waiting({ pool, memoryMb, limit });
    const ready = jobs.filter((job) => restsUntil(job, clock.now()) === null);
    this.pools.set(pool, { calls, deep: jobs.length === limit && ready.length === 0 });
    const offered = agentOfPool(pool) === null;
    const waiting = ready.map(({ id, memoryMb: needs }) => ({ id, memoryMb: needs, offered }));
    for (const call of calls.plan(waiting, workers)) call.answer(true);
  }
}

/** Whether a worker that waits has to hear of its reservation: another one than it knows, or one for which it has the memory. */
function isNewsTo({ reservedFor, memoryMb }: IdleWorker, { reservation }: WorkerRecord): boolean {
  if (reservation === null) return reservedFor !== '';
  return reservation.jobId !== reservedFor || reservation.memoryMb <= memoryMb;
}

function stopping(): MaridError {
  return new MaridError('UNAVAILABLE', 'The control plane is stopping; call again.');
}
