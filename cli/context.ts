/** Everything that the commands know of the process that they run in. Made in `main.ts`, and by tests. */
import type { Clock } from '../core/ports/clock.js';

/** Standard output or standard error. */
export interface CliStream {
  /** Writes in order; resolves when more can be written. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Whether a person reads it. */
  readonly isTerminal: boolean;
  /** Width in characters; 80 when it is not known. */
  readonly columns: number;
}

/** The process, as commands see it. */
export interface CliContext {
  /** Data only. */
  readonly stdout: CliStream;
  /** Everything else. */
  readonly stderr: CliStream;
  /** Standard input as it comes. */
  stdin(): AsyncIterable<Uint8Array>;
  /** The whole of standard input as text. */
  readStdin(): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Name of the operating system's user. */
  userName(): string;
  readonly homeFolder: string;
  /** Calls `listener` at each SIGINT or SIGTERM, which then end nothing by themselves; returns a function that stops that. */
  onInterrupt(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Calls `listener` when the terminal is closed, which then ends nothing by itself; returns a function that stops that. */
  onHangUp(listener: () => void): () => void;
}

/** Ends the command with an exit code, without a message. */
export class CliExit extends Error {
  override readonly name = 'CliExit';

  constructor(
    /** The exit code. */
    readonly exitCode: number,
  ) {
    super(`exit code ${exitCode}`);
  }
}

/** Whether a caught value is a `CliExit`, by name: `instanceof` fails across realms. */
export function isCliExit(value: unknown): value is CliExit {
  return value instanceof Error && value.name === 'CliExit' && 'exitCode' in value;
}

/** Ends a command with its exit code unless it is 0. */
export function exitWith(exitCode: number): void {
  if (exitCode !== 0) throw new CliExit(exitCode);
}
