/**
 * A launcher in the process of the command that a person runs: the program of its one job gets the command's own terminal. It is in the same process group, so that
 * Ctrl-C and the window's size reach it as they reach any program of a shell.
 *
 * States: *idle*; *running* (one process, from `start`); *ended* (its exit was told). The lease ends it as a launcher of a worker does, and a guard does when the command is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { HeldProcess, Launcher, ProcessExit, StartedProcess, StartRequest } from '../../../core/ports/launcher.js';
import { isErrno } from '../launcher/errno.js';
import { armLong } from '../launcher/long-timer.js';
import { MARK, signalMarked } from './marked-processes.js';
import { TerminalGuard } from './terminal-guard.js';

/** Lease until the first renewal, in milliseconds. */
const FIRST_LEASE_MS = 60_000;

type Ender = Exclude<ProcessExit['endedBy'], null>;

/** Options of `TerminalLauncher`. */
export interface TerminalLauncherOptions {
  /** Variables of the terminal that the program gets besides its own, for example `TERM`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

export class TerminalLauncher implements Launcher {
  readonly #options: TerminalLauncherOptions;
  #child: ChildProcess | null = null;
  /** What the processes of the job are known by; kept after the end. */
  #mark: string | null = null;
  #guard: TerminalGuard | null = null;
  #endedBy: Ender | null = null;
  #timers: (() => void)[] = [];
  #leaseTimers: (() => void)[] = [];
  #killInMs = FIRST_LEASE_MS;
  #listener: (exit: ProcessExit) => void = () => undefined;
  #tellExit: (exit: ProcessExit) => void = () => undefined;
  /** The end of the program. */
  readonly exit = new Promise<ProcessExit>((resolve) => (this.#tellExit = resolve));

  constructor(options: TerminalLauncherOptions) {
    this.#options = options;
  }

  /** Whether the program runs. */
  get running(): boolean {
    return this.#child !== null;
  }

  async start(request: StartRequest): Promise<StartedProcess> {
    if (this.#mark !== null) throw new MaridError('RESOURCE_EXHAUSTED', 'A terminal runs one program.');
    const { environment, clock } = this.#options;
    const mark = request.directory;
    const [program = '', ...parameters] = request.command;
    const env = { ...environment, ...request.environment, [MARK]: mark };
    const child = spawn(program, parameters, { cwd: request.directory, env, stdio: 'inherit' });
    if (child.pid === undefined) throw await startError(child, program);
    this.#child = child;
    this.#mark = mark;
    this.#guard = new TerminalGuard({ mark, withinMs: this.#killInMs });
    this.#timers.push(armLong(clock, request.timeoutMs, () => this.end('timeout', 0)));
    child.once('exit', (exitCode, signal) => this.#exited(request, child, { exitCode, signal }));
    return { processId: child.pid, startedAt: clock.now() };
  }

  async kill({ graceMs }: { readonly graceMs: number }): Promise<boolean> {
    return this.end('kill', graceMs);
  }

  async renew({
    terminateInMs,
    killInMs,
  }: {
    readonly terminateInMs: number;
    readonly killInMs: number;
  }): Promise<void> {
    const { clock } = this.#options;
    for (const cancel of this.#leaseTimers.splice(0)) cancel();
    this.#killInMs = killInMs;
    this.#guard?.watch(killInMs);
    this.#leaseTimers.push(armLong(clock, terminateInMs, () => this.end('lease', killInMs - terminateInMs)));
  }

  /** Nothing of the process before: there was none. */
  async adopt(): Promise<readonly HeldProcess[]> {
    return [];
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    this.#listener = listener;
  }

  async forget(): Promise<void> {
    // nothing is kept
  }

  onBroken(): void {
    // it lives as long as its caller
  }

  async close(): Promise<void> {
    this.end('kill', 0);
    for (const cancel of this.#leaseTimers.splice(0)) cancel();
  }

  /** Ends the program and all that it has started: SIGTERM, and SIGKILL after the grace. False when nothing runs. */
  end(by: Ender, graceMs: number): boolean {
    if (this.#child === null) return false;
    this.#endedBy ??= by;
    this.#signal(graceMs === 0 ? 'SIGKILL' : 'SIGTERM');
    if (graceMs > 0) this.#timers.push(armLong(this.#options.clock, graceMs, () => this.#signal('SIGKILL')));
    return true;
  }

  /** The program itself is reached whatever became of its environment. */
  #signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
    if (this.#mark !== null) signalMarked(this.#mark, signal);
  }

  /** What the program has left behind ends with it. */
  #exited(
    { attempt }: StartRequest,
    child: ChildProcess,
    { exitCode, signal }: { readonly exitCode: number | null; readonly signal: string | null },
  ): void {
    for (const cancel of this.#timers.splice(0)) cancel();
    this.#signal('SIGKILL');
    this.#child = null;
    this.#guard?.stop();
    const unmeasured = { stdoutBytes: 0, stderrBytes: 0, peakMemoryBytes: null, cpuTimeMs: null };
    const result = { exitCode, signal, processId: child.pid ?? null, ...unmeasured };
    const exit = { attempt, result, endedAt: this.#options.clock.now(), endedBy: this.#endedBy };
    this.#listener(exit);
    this.#tellExit(exit);
  }
}

async function startError(child: ChildProcess, program: string): Promise<MaridError> {
  const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
  const missing = isErrno(cause, 'ENOENT');
  const name = JSON.stringify(program);
  if (missing) return new MaridError('NOT_FOUND', `The program ${name} does not exist.`, { cause });
  return new MaridError('INVALID_ARGUMENT', `The program ${name} cannot be executed: ${cause.message}.`, { cause });
}
