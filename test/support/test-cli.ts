/** Runs command lines of `marid` in this process. */
import { Readable } from 'node:stream';
import type { CliContext, CliStream } from '../../cli/context.js';
import { runCli } from '../../cli/program.js';
import type { Clock } from '../../core/ports/clock.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { START_MS } from './memory-jobs.js';

/** How a command line ended. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of a `TestCli`. */
export interface TestCliOptions {
  readonly address?: string;
  readonly stdin?: string;
  readonly terminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly homeFolder?: string;
}

/** One process, as a command line sees it. Its wall clock stands still an hour after `START_MS`. */
export class TestCli {
  private readonly out: Buffer[] = [];
  private readonly err: Buffer[] = [];
  private readonly interruptListeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();

  constructor(private readonly options: TestCliOptions = {}) {}

  /** What standard output has so far. */
  get stdout(): string {
    return Buffer.concat(this.out).toString();
  }

  /** Presses Ctrl-C. */
  interrupt(): void {
    for (const listener of this.interruptListeners) listener('SIGINT');
  }

  /** Whether a command listens for Ctrl-C. */
  get listens(): boolean {
    return this.interruptListeners.size > 0;
  }

  /** Runs a command line to its end. */
  async run(...args: readonly string[]): Promise<CliResult> {
    const exitCode = await runCli(args, this.context());
    return { exitCode, stdout: this.stdout, stderr: Buffer.concat(this.err).toString() };
  }

  private context(): CliContext {
    const { address, env, stdin, homeFolder } = this.options;
    return {
      stdout: this.stream(this.out),
      stderr: this.stream(this.err),
      readStdin: () => Promise.resolve(stdin ?? ''),
      stdin: () => Readable.from([Buffer.from(stdin ?? '')]),
      env: { ...(address === undefined ? {} : { MARID_ADDRESS: address }), ...env },
      clock: stoppedClock(),
      userName: () => 'ada',
      homeFolder: homeFolder ?? '/nonexistent',
      onInterrupt: (listener) => {
        this.interruptListeners.add(listener);
        return () => {
          this.interruptListeners.delete(listener);
        };
      },
      onHangUp: () => () => undefined,
    };
  }

  private stream(chunks: Buffer[]): CliStream {
    return {
      isTerminal: this.options.terminal ?? false,
      columns: 100,
      write: async (chunk) => {
        chunks.push(Buffer.from(chunk));
      },
    };
  }
}

/** Runs one command line against an address. */
export function runMaridCli(address: string, ...args: readonly string[]): Promise<CliResult> {
  return new TestCli({ address }).run(...args);
}

function stoppedClock(): Clock {
  const clock = new SystemClock();
  return {
    now: () => START_MS + 3_600_000,
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    after: (ms, callback) => clock.after(ms, callback),
  };
}
