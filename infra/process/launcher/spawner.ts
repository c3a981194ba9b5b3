/** How programs are started: the thinnest seam below `startProcess`, so that there can be a quick way and one that works everywhere. */

/** A program to start, with nothing inherited but what is here. Text without NUL. */
export interface Program {
  /** Looked up in the PATH of `environment` unless it has a slash. A text file without `#!` line is run by `/bin/sh`. */
  readonly path: string;
  readonly parameters: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Value of `MARK_VARIABLE`, whatever the environment says. */
  readonly mark: string;
  /** Descriptors for standard output and standard error; the standard input is empty. */
  readonly output: readonly [number, number];
}

/** How a process ended: one of both is set. */
export interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A child that runs. */
export interface RunningChild {
  readonly processId: number;
  /** Start in kernel ticks since boot; `null`: only `/proc` tells. */
  readonly startTicks: number | null;
  readonly exited: Promise<ExitStatus>;
}

/** Starts programs in a session of their own, all signals as the system has them by default. */
export interface Spawner {
  /** Its name in the log. */
  readonly name: string;
  /** Resolves when the program was executed, before anybody waits for its end. Rejects with the error of the system (`errnoOf`). */
  readonly spawn: (program: Program) => Promise<RunningChild>;
}
