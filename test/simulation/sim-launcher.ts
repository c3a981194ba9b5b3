/** The launcher of a simulated host: it outlives its workers, and keeps their lease as the real one does. */
import { MaridError } from '../../core/errors/marid-error.js';
import type { AttemptReference, ExitResult } from '../../core/job/job.js';
import type { Clock } from '../../core/ports/clock.js';
import type { HeldProcess, ProcessExit, StartedProcess, StartRequest } from '../../core/ports/launcher.js';
import { LeaseDeadline, type LeaseRenewal } from '../../infra/process/launcher/lease-deadline.js';
import type { History } from './history.js';
import { SimJobProcess, type Ending } from './sim-job-process.js';
import type { SimLauncherConnection } from './sim-launcher-connection.js';
import type { Timeline } from './timeline.js';

/** As the real launcher's. */
const LEASE_LOOK_MS = 1000;
const TIMEOUT_GRACE_MS = 10_000;
const DEFAULT_LEASE_MS = 120_000;

/** Options of `SimLauncher`. */
export interface SimLauncherOptions {
  /** Name of the host. */
  readonly host: string;
  readonly timeline: Timeline;
  /** The clock of the host. */
  readonly clock: Clock;
  readonly history: History;
}

/** What the real launcher's `ProcessTable` and `LauncherServer` do, with simulated processes. Its records survive the host. */
export class SimLauncher {
  readonly options: SimLauncherOptions;
  readonly #running = new Map<string, SimJobProcess>();
  readonly #ended = new Map<string, ProcessExit>();
  readonly #lease: LeaseDeadline;
  #adopter: SimLauncherConnection | null = null;
  #cancelLook: () => void = () => undefined;
  #processes = 0;

  constructor(options: SimLauncherOptions) {
    this.options = options;
    this.#lease = new LeaseDeadline({ clock: options.clock, leaseMs: DEFAULT_LEASE_MS });
  }

  /** Attempts whose processes run. */
  get running(): readonly AttemptReference[] {
    return [...this.#running.values()].map(({ options }) => options.attempt);
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
    timeline.at(timeoutMs, () => process.terminate('timeout', TIMEOUT_GRACE_MS));
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

  adopt(connection: SimLauncherConnection): readonly HeldProcess[] {
    if (this.#adopter !== null && this.#adopter !== connection) this.#adopter.superseded = true;
    connection.superseded = false;
    this.#adopter = connection;
    if (this.#running.size === 0) this.#lease.reset();
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
    if (this.#adopter === connection) this.#adopter = null;
  }

  /** The host is lost with everything that runs on it; the next launcher finds the records. */
  lose(): void {
    const { history, host, clock } = this.options;
    for (const process of this.#running.values()) {
      const { attempt, processId } = process.options;
      process.vanish();
      history.record({ kind: 'ended', ...attempt, host, exit: null });
      const result = resultOf({ exitCode: null, signal: null, endedBy: null }, processId);
      this.#ended.set(keyOf(attempt), { attempt, result, endedAt: clock.now(), endedBy: null });
    }
    this.#running.clear();
    this.#cancelLook();
  }

  #admit(key: string): void {
    if (this.#running.has(key) || this.#ended.has(key)) {
      throw new MaridError('ALREADY_EXISTS', 'The launcher holds the attempt already.');
    }
    if (this.#running.size === 0) this.#lease.resetUnlessRenewed();
    if (this.#lease.phase !== 'held') throw new MaridError('STALE_SESSION', 'The lease of this worker has expired.');
  }

  #settle(process: SimJobProcess, ending: Ending): void {
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
