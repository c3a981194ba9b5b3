/** One server of the native stack: a process that can be killed, stopped, continued and started again on the same port and folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { MaridError } from '../../../core/errors/marid-error.js';
import { BOUND_TO_PARENT } from './bound-to-parent.js';
import type { StackContext } from './context.js';

/** Pause between two questions to a server that does not answer yet, in milliseconds. */
const PROBE_EVERY_MS = 50;
/** How long a server may take until it answers, in milliseconds: machines that build at the same time are slow. */
const READY_WITHIN_MS = 90_000;
/** How many of the last lines of its log the error about a server shows. */
const LINES_SHOWN = 15;

/** What a server is. */
export interface ServerOptions {
  /** For people, for example `kafka-2`. */
  readonly name: string;
  /** URL or address that clients use; stays the same over restarts. */
  readonly url: string;
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Added to the environment. Default: nothing. */
  readonly environment?: Readonly<Record<string, string>>;
  /** File that gets what it prints. */
  readonly logFile: string;
  /** Asks it something real; rejects while it does not answer. */
  readonly probe: () => Promise<void>;
}

/**
 * A server. States: *down* (first, and after `kill` or its own end), *up* (after `start`), *frozen* (after `freeze`, until `thaw`; `kill` works too). `child` is the only
 * state: null when down.
 */
export class ServerProcess {
  private child: ChildProcess | null = null;
  private ended: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: StackContext,
    private readonly options: ServerOptions,
  ) {}

  get name(): string {
    return this.options.name;
  }

  get url(): string {
    return this.options.url;
  }

  /** Process id; null when it is down. */
  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  /** Starts it and waits until it answers; does nothing when it runs. Rejects with the end of its log when it does not come up. */
  async start(): Promise<void> {
    if (this.child !== null) return;
    const child = this.spawn();
    const { clock } = this.context;
    const giveUpAt = clock.monotonic() + READY_WITHIN_MS;
    while (this.child === child) {
      const problem = await this.options.probe().then(() => null, String);
      if (problem === null) return;
      if (clock.monotonic() > giveUpAt) {
        await this.kill();
        throw this.failure(`did not answer within ${String(READY_WITHIN_MS / 1000)} s (${problem})`);
      }
      await clock.sleep(PROBE_EVERY_MS);
    }
    throw this.failure('ended before it answered');
  }

  /** Kills it (SIGKILL) and waits for its end; does nothing when it is down. `start` brings it back with what it had on disk. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.ended;
  }

  /** Kills it and starts it again. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Stops it where it is (SIGSTOP): connections stay open and nothing is answered. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  /** Lets a frozen server go on (SIGCONT). */
  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  private spawn(): ChildProcess {
    const { command, environment, logFile } = this.options;
    const [program, ...bound] = BOUND_TO_PARENT;
    const log = openSync(logFile, 'a');
    const child = spawn(program, [...bound, String(process.pid), ...command], {
      detached: true, // a signal to the whole terminal reaches it through us, in order
      stdio: ['ignore', log, log],
      env: { ...this.context.environment, ...environment },
    });
    closeSync(log);
    this.child = child;
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.child = null;
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
    return child;
  }

  private failure(what: string): MaridError {
    const last = readFileSync(this.options.logFile, 'utf8').trim().split('\n').slice(-LINES_SHOWN).join('\n');
    const remedy = `Its log: ${this.options.logFile}. Servers are started through setpriv of util-linux.`;
    return new MaridError('UNAVAILABLE', `${this.name} ${what}. ${remedy}\n${last}`);
  }
}
