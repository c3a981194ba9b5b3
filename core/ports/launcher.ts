/**
 * The launcher: a small process of its own on each worker node, and the parent of every job's process. It outlives its worker, so that
 * jobs do; a worker that comes back on the same state folder adopts them.
 */
import type { AttemptReference, ExitResult } from '../job/job.js';

/** A process to start. Nothing is inherited: what is not said here, the job does not get. */
export interface StartRequest {
  readonly attempt: AttemptReference;
  /** Program and arguments, passed exactly; no shell. */
  readonly command: readonly string[];
  /** Working directory, absolute. */
  readonly directory: string;
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute paths; created, or appended to if they exist. */
  readonly stdoutPath: string;
  readonly stderrPath: string;
  /** Longest run time in milliseconds: then it is killed, with `timedOut` in its exit. */
  readonly timeoutMs: number;
}

/** A process that was started. */
export interface StartedProcess {
  readonly processId: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/**
 * The end of a process and its group. With neither exit code nor signal nor `endedBy`, how it ended is not known: the launcher died, and the next one made sure that
 * nothing of it runs.
 */
export interface ProcessExit {
  readonly attempt: AttemptReference;
  readonly result: ExitResult;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
  /** Why the launcher ended it, or `null` when it ended by itself. */
  readonly endedBy: 'kill' | 'timeout' | 'lease' | null;
}

/** What a launcher holds: a process that runs, or an exit that nobody has taken yet. */
export type HeldProcess =
  | { readonly kind: 'running'; readonly attempt: AttemptReference; readonly process: StartedProcess }
  | { readonly kind: 'ended'; readonly attempt: AttemptReference; readonly exit: ProcessExit };

/** A connection to the node's launcher. Rejects with `UNAVAILABLE` when the launcher is gone; `start`, `kill`, `renew` and `forget` with `STALE_SESSION` when another connection has adopted since this one did. */
export interface Launcher {
  /**
   * Starts a process in its own session and process group. Recorded on disk before it returns. Rejects with `NOT_FOUND` when the program does not
   * exist, `INVALID_ARGUMENT` when it cannot be executed, `ALREADY_EXISTS` when the attempt was started before,
   * `STALE_SESSION` when the lease has expired, `RESOURCE_EXHAUSTED` when the node has no room.
   */
  start(request: StartRequest): Promise<StartedProcess>;
  /** SIGTERM to the process group, SIGKILL after `graceMs`. False when the attempt does not run. Safe to repeat. */
  kill(options: { readonly attempt: AttemptReference; readonly graceMs: number }): Promise<boolean>;
  /**
   * Extends the lease: without another call the launcher terminates its process groups at `terminateInMs` from now and kills them at `killInMs`;
   * 0 is a time that has passed.
   */
  renew(options: { readonly terminateInMs: number; readonly killInMs: number }): Promise<void>;
  /** Everything it holds; from now on exits are told to this connection. */
  adopt(): Promise<readonly HeldProcess[]>;
  /** Sets who is told of exits, each at least once until it is taken with `forget`. An exit is on disk before it is told. */
  onExit(listener: (exit: ProcessExit) => void): void;
  /** Drops the record of an attempt that has ended; idempotent. */
  forget(options: { readonly attempt: AttemptReference }): Promise<void>;
  /** Sets what happens when the connection to the launcher breaks for good. */
  onBroken(listener: (error: Error) => void): void;
  /** Ends the connection; the launcher and its processes go on, and the launcher ends by itself when nothing is left to hold. */
  close(): Promise<void>;
}
