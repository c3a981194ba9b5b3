/**
 * A launcher in the process of the command that a person runs: the program of its one job gets the command's own terminal. It is in the same process group, so that
 * Ctrl-C and the window's size reach it as they reach any program of a shell. Limits are kept as for other jobs, memory by looking at its processes.
 *
 * States: *idle*; *running* (one process, from `start`); *ended* (its exit was told). The lease ends it as a launcher of a worker does, and a guard does when the command is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isErrno } from '../../../core/errors/system-error.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type {
  HeldProcess,
  KillOptions,
  Launcher,
  LimitHit,
  ProcessExit,
  StartedProcess,
  StartRequest,
} from '../../../core/ports/launcher.js';
import { JobTree } from '../launcher/job-tree.js';
import { JobWatch } from '../launcher/job-watch.js';
import { hitOfExit } from '../launcher/limit-check.js';
import { limitedCommand } from '../launcher/limited-command.js';
import { armLong } from '../launcher/long-timer.js';
import { usedBy } from '../launcher/proc-usage.js';
import { readStat } from '../launcher/proc.js';
import { MARK_VARIABLE, Survey } from '../launcher/survey.js';
import { signalMarked } from './marked-processes.js';
import { TerminalGuard } from './terminal-guard.js';

/** Lease until the first renewal, in milliseconds. */
const FIRST_LEASE_MS = 60_000;
/** From SIGTERM to SIGKILL when the program has computed for too long, in milliseconds. */
const OVERRUN_GRACE_MS = 10_000;

type Ender = Exclude<ProcessExit['endedBy'], null>;

/** Options of `TerminalLauncher`. */
export interface TerminalLauncherOptions {
  /** Variables of the terminal that the program gets besides its own, for example `TERM`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where the program runs, absolute. */
  readonly workingDirectory: string;
  readonly clock: Clock;
}

export class TerminalLauncher implements Launcher {
  readonly #options: TerminalLauncherOptions;
  readonly #watch: JobWatch;
  #child: ChildProcess | null = null;
  /** What the processes of the job are known by; kept after the end. */
  #mark: string | null = null;
  #guard: TerminalGuard | null = null;
  #endedBy: Ender | null = null;
  #hit: LimitHit | null = null;
  #timers: (() => void)[] = [];
  #leaseTimers: (() => void)[] = [];
  #killInMs = FIRST_LEASE_MS;
  #listener: (exit: ProcessExit) => void = () => undefined;
  #tellExit: (exit: ProcessExit) => void = () => undefined;
  /** The end of the program. */
  readonly exit = new Promise<ProcessExit>((resolve) => (this.#tellExit = resolve));

  constructor(options: TerminalLauncherOptions) {
    this.#options = options;
    this.#watch = new JobWatch({ clock: options.clock, survey: new Survey(options.clock) });
  }

  /** Whether the program runs. */
  get running(): boolean {
    return this.#child !== null;
  }

  async start(request: StartRequest): Promise<StartedProcess> {
    if (this.#mark !== null) throw new MaridError('RESOURCE_EXHAUSTED', 'A terminal runs one program.');
    const { environment, workingDirectory: cwd, clock } = this.#options;
    const { directory: mark, limits = {} } = request;
    const [program = '', ...parameters] = limitedCommand(request.command, limits, null);
    const env = { ...environment, ...request.environment, [MARK_VARIABLE]: mark };
    const child = spawn(program, parameters, { cwd, env, stdio: 'inherit' });
    if (child.pid === undefined) throw await startError(child, { program, cwd });
    this.#child = child;
    this.#mark = mark;
    this.#guard = new TerminalGuard({ mark, withinMs: this.#killInMs });
    this.#timers.push(armLong(clock, request.timeoutMs, () => this.end('timeout', 0)));
    const tree = this.#observe(request, child.pid);
    child.once('exit', (exitCode, signal) => this.#exited({ request, tree, child }, { exitCode, signal }));
    return { processId: child.pid, startedAt: clock.now() };
  }

  async kill({ graceMs, hit }: KillOptions): Promise<boolean> {
    return hit === undefined ? this.end('kill', graceMs) : this.#endFor(hit, graceMs);
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

  #endFor(hit: LimitHit, graceMs: number): boolean {
    if (this.#endedBy === null) this.#hit = hit;
    return this.end('limit', graceMs);
  }

  /** Measures the program's processes, and keeps them to their limits. The session is the terminal's: others are in it. */
  #observe({ directory: mark, limits = {} }: StartRequest, leader: number): JobTree {
    const session = readStat(process.pid)?.session;
    const shared = session === undefined ? {} : { sharedSession: session };
    const startTicks = readStat(leader)?.startTicks ?? null;
    const tree = new JobTree({ leader, startTicks, mark, outputs: [], ...shared });
    const onHit = (hit: LimitHit): void => void this.#endFor(hit, hit.limit === 'cpuTime' ? OVERRUN_GRACE_MS : 0);
    this.#watch.watch({ tree, limits, onHit });
    return tree;
  }

  /** The program itself is reached whatever became of its environment. */
  #signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
    if (this.#mark !== null) signalMarked(this.#mark, signal);
  }

  /** What the program has left behind ends with it. */
  #exited(
    { request, tree, child }: { readonly request: StartRequest; readonly tree: JobTree; readonly child: ChildProcess },
    { exitCode, signal }: { readonly exitCode: number | null; readonly signal: string | null },
  ): void {
    for (const cancel of this.#timers.splice(0)) cancel();
    this.#signal('SIGKILL');
    this.#child = null;
    this.#guard?.stop();
    const output = { stdoutBytes: 0, stderrBytes: 0 };
    const usage = usedBy(this.#watch.take(tree), null);
    const hit = this.#endedBy === null ? hitOfExit(request.limits ?? {}, { exitCode, signal }) : this.#hit;
    const exit: ProcessExit = {
      attempt: request.attempt,
      result: { exitCode, signal, processId: child.pid ?? null, ...output, ...usage },
      endedAt: this.#options.clock.now(),
      ...(hit === null ? { endedBy: this.#endedBy } : { endedBy: 'limit', hit }),
    };
    this.#listener(exit);
    this.#tellExit(exit);
  }
}

async function startError(
  child: ChildProcess,
  { program, cwd }: { readonly program: string; readonly cwd: string },
): Promise<MaridError> {
  const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
  const missing = isErrno(cause, 'ENOENT');
  const name = JSON.stringify(program);
  if (missing && !existsSync(cwd)) {
    const text = `The working directory ${JSON.stringify(cwd)} does not exist any more.`;
    return new MaridError('INVALID_ARGUMENT', text, { cause });
  }
  if (missing) return new MaridError('NOT_FOUND', `The program ${name} does not exist.`, { cause });
  return new MaridError('INVALID_ARGUMENT', `The program ${name} cannot be executed: ${cause.message}.`, { cause });
}
