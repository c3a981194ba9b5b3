/** The launcher of a simulated host: it outlives its workers, and keeps their lease as the real one does. */
import { MaridError } from '../../core/errors/marid-error.js';
import type { AttemptReference, ExitResult } from '../../core/job/job.js';
import type { Clock } from '../../core/ports/clock.js';
import type { HeldProcess, ProcessExit, StartedProcess, StartRequest } from '../../core/ports/launcher.js';
import type { Random } from '../../core/ports/random.js';
import { LeaseDeadline, type LeaseRenewal } from '../../infra/process/launcher/lease-deadline.js';
import type { History } from './history.js';
import { SimJobProcess, type Ending } from './sim-job-process.js';
import { SimLauncherConnection } from './sim-launcher-connection.js';
import type { SimProcess } from './sim-process.js';
import type { Timeline } from './timeline.js';

/** As the real launcher's. */
const LEASE_LOOK_MS = 1000;
const TIMEOUT_GRACE_MS = 10_000;
const DEFAULT_LEASE_MS = 120_000;
/** Longest time until a launcher that was started serves, milliseconds, and how often a worker looks whether it does. */
const START_MS = 400;
const LOOK_MS = 5;

/** Options of `SimLauncher`. */
export interface SimLauncherOptions {
  /** Name of the host. */
  readonly host: string;
  readonly timeline: Timeline;
  /** The clock of the host. */
  readonly clock: Clock;
  readonly history: History;
  readonly random: Random;
}

/**
 * What the real launcher's `ProcessTable` and `LauncherServer` do, with simulated processes. Its records survive the host.
 *
 * States: serving -> dead (`crash`; what runs goes on) -> starting (its guard starts the next one if something ran, else a worker that connects) -> serving (what ran is ended).
 */
export class SimLauncher {
  readonly options: SimLauncherOptions;
  readonly #running = new Map<string, SimJobProcess>();
  readonly #ended = new Map<string, ProcessExit>();
  readonly #lease: LeaseDeadline;
  #adopter: SimLauncherConnection | null = null;
  #cancelLook: () => void = () => undefined;
  #processes = 0;
  /** The latest of a worker that has adopted. */
  #session = '';
  #state: 'serving' | 'dead' | 'starting' = 'serving';
  readonly #connections = new Set<SimLauncherConnection>();

  constructor(options: SimLauncherOptions) {
    this.options = options;
    this.#lease = new LeaseDeadline({ clock: options.clock, leaseMs: DEFAULT_LEASE_MS });
  }

  /** Attempts whose processes run. */
  get running(): readonly AttemptReference[] {
    return [...this.#running.values()].map(({ options }) => options.attempt);
  }

  /** A connection of a worker, as soon as a launcher serves; starts one if there is none. */
  async connect(process: SimProcess, random: Random): Promise<SimLauncherConnection> {
    while (this.#state !== 'serving') {
      this.#startNext();
      await process.clock.sleep(LOOK_MS);
    }
    const connection = new SimLauncherConnection(this, process, random);
    this.#connections.add(connection);
    return connection;
  }

  start(request: StartRequest): StartedProcess {
    const { attempt, timeoutMs } = request;
    const key = keyOf(attempt);
    this.#admit(key);
    this.#processes += 1;
    const { timeline, clock, history, host } = this.options;
    const [processId, startedAt] = [this.#processes, clock.now()];
    const onEnd = (process: SimJobProcess, ending: Ending): void => this.#settle(process, ending);
    const process = new SimJobProcess({ attempt, processId, startedAt, timeline, onEnd });
    history.record({ kind: 'started', ...attempt, host });
    this.#running.set(key, process);
    timeline.at(timeoutMs, () => {
      if (this.#state === 'serving') process.terminate('timeout', TIMEOUT_GRACE_MS);
    });
    this.#lookAtLease();
    return { processId, startedAt };
  }

  kill(attempt: AttemptReference, graceMs: number): boolean {
    const process = this.#running.get(keyOf(attempt));
    process?.terminate('kill', graceMs);
    return process !== undefined;
  }

  renew(renewal: LeaseRenewal): void {
    const { history, host } = this.options;
    history.record({ kind: 'renewed', host, killInMs: renewal.killInMs - Math.max(0, renewal.ageMs ?? 0) });
    this.#lease.renew(renewal);
    this.#lookAtLease();
  }

  adopt(connection: SimLauncherConnection, session: string): readonly HeldProcess[] {
    if (session < this.#session) {
      throw new MaridError('STALE_SESSION', 'A later worker has taken over this launcher.');
    }
    this.#session = session;
    if (this.#adopter !== null && this.#adopter !== connection) this.#adopter.superseded = true;
    connection.superseded = false;
    this.#adopter = connection;
    if (this.#running.size === 0 && !connection.renewed) this.#lease.reset();
    const running = [...this.#running.values()].map(({ options: { attempt, processId, startedAt } }): HeldProcess => ({
      kind: 'running',
      attempt,
      process: { processId, startedAt },
    }));
    return [
      ...running,
      ...[...this.#ended.values()].map((exit) => ({ kind: 'ended', attempt: exit.attempt, exit }) as const),
    ];
  }

  forget(attempt: AttemptReference): void {
    this.#ended.delete(keyOf(attempt));
  }

  /** A connection is closed. */
  drop(connection: SimLauncherConnection): void {
    this.#connections.delete(connection);
    if (this.#adopter === connection) this.#adopter = null;
  }

  /** The launcher dies; what it has started goes on, and nobody hears of its end. */
  crash(): void {
    if (this.#state !== 'serving') return;
    this.#state = 'dead';
    this.#adopter = null;
    this.#session = '';
    this.#cancelLook();
    for (const connection of this.#connections) connection.breakOff();
    this.#connections.clear();
    for (const process of this.#running.values()) process.orphan();
    if (this.#running.size > 0) this.#startNext();
  }

  /** The host is lost with everything that runs on it; the next launcher finds the records. */
  lose(): void {
    this.#state = 'serving';
    this.#session = '';
    this.#cancelLook();
    this.#endAll();
  }

  #startNext(): void {
    if (this.#state !== 'dead') return;
    this.#state = 'starting';
    const { timeline, random } = this.options;
    timeline.at(random.next() * START_MS, () => {
      if (this.#state !== 'starting') return; // the host was lost
      this.#state = 'serving';
      this.#endAll();
    });
  }

  /** As `recoverExit`: nothing goes on without a parent that holds its lease, and how it ended is not known. */
  #endAll(): void {
    for (const process of this.#running.values()) {
      process.vanish();
      this.#endUnknown(process);
    }
    this.#lease.reset();
  }

  #endUnknown({ options: { attempt, processId } }: SimJobProcess): void {
    const { history, host, clock } = this.options;
    history.record({ kind: 'ended', ...attempt, host, exit: null });
    const result = resultOf({ exitCode: null, signal: null, endedBy: null }, processId);
    this.#running.delete(keyOf(attempt));
    this.#ended.set(keyOf(attempt), { attempt, result, endedAt: clock.now(), endedBy: null });
  }

  #admit(key: string): void {
    if (this.#running.has(key) || this.#ended.has(key)) {
      throw new MaridError('ALREADY_EXISTS', 'The launcher holds the attempt already.');
    }
    if (this.#running.size === 0) this.#lease.resetUnlessRenewed();
    if (this.#lease.phase !== 'held') throw new MaridError('STALE_SESSION', 'The lease of this worker has expired.');
  }

  #settle(process: SimJobProcess, ending: Ending): void {
    if (this.#state !== 'serving') return this.#endUnknown(process);
    const { clock, history, host } = this.options;
    const { attempt, processId } = process.options;
    const { endedBy } = ending;
    const exit: ProcessExit = { attempt, result: resultOf(ending, processId), endedAt: clock.now(), endedBy };
    history.record({ kind: 'ended', ...attempt, host, exit });
    this.#running.delete(keyOf(attempt));
    this.#ended.set(keyOf(attempt), exit);
    this.#adopter?.tell(exit);
  }

  #lookAtLease(): void {
    this.#cancelLook();
    if (this.#running.size === 0) return;
    const due = this.#lease.phase !== 'held';
    for (const process of due ? this.#running.values() : []) process.terminate('lease', this.#lease.killInMs);
    const nextMs = due ? LEASE_LOOK_MS : Math.min(LEASE_LOOK_MS, this.#lease.terminateInMs);
    this.#cancelLook = this.options.timeline.at(nextMs, () => this.#lookAtLease());
  }
}

function resultOf({ exitCode, signal }: Ending, processId: number): ExitResult {
  const unmeasured = { peakMemoryBytes: null, cpuTimeMs: null };
  return { exitCode, signal, processId, stdoutBytes: 0, stderrBytes: 0, ...unmeasured };
}

function keyOf({ jobId, attempt }: AttemptReference): string {
  return `${String(attempt)} ${jobId}`;
}
