/**
 * The launcher: a small process of its own on each worker node, and the parent of every job's process. It outlives its worker, so that
 * jobs do; a worker that comes back on the same state folder adopts them.
 */
import type { AttemptReference, ExitResult } from '../job/job.js';

/** Who a process runs as, by number. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  /** All groups; none but these. */
  readonly groups: readonly number[];
}

/** What the processes of an attempt may use; what is absent is not limited. */
export interface ProcessLimits {
  /** MiB of memory of all processes together. */
  readonly memoryMb?: number;
  /** How the memory is limited: by looking at the processes, by a cgroup, or (`auto`) by a cgroup where one can be made. Default: `watch`. */
  readonly memoryBy?: 'watch' | 'cgroup' | 'auto';
  /** Milliseconds of CPU time: of each process by the kernel, of all together by looking. */
  readonly cpuTimeMs?: number;
  /** Descriptors that a process may have open. */
  readonly openFiles?: number;
  /** Processes that there may be at a time. */
  readonly processes?: number;
  /** MiB that a process may write into one file. */
  readonly fileMb?: number;
}

/** A limit that an attempt has reached, for which it was ended. */
export interface LimitHit {
  readonly limit: 'memory' | 'cpuTime' | 'processes' | 'fileSize' | 'folderSize' | 'folderFiles';
  /** In the limit's own unit: MiB, milliseconds or a number. */
  readonly allowed: number;
  /** What was found, in the same unit; `null`: the kernel does not say. */
  readonly used: number | null;
}

/** A process to start. Nothing is inherited: what is not said here, the job does not get. */
export interface StartRequest {
  readonly attempt: AttemptReference;
  /** Program and arguments, passed exactly; no shell. */
  readonly command: readonly string[];
  /** Working directory, absolute. */
  readonly directory: string;
  /** The whole environment, but for one variable by which the launcher knows the processes of the attempt. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute paths; created, or appended to if they exist. */
  readonly stdoutPath: string;
  readonly stderrPath: string;
  /** Longest run time in milliseconds: then it is killed, with `timedOut` in its exit. */
  readonly timeoutMs: number;
  /** Who it runs as. The working directory, which only the launcher's own user may have been able to enter, and the output files are given to that user just before. Absent: as the launcher. */
  readonly user?: ProcessUser;
  /** Absent: no limits. */
  readonly limits?: ProcessLimits;
}

/** A process that was started. */
export interface StartedProcess {
  readonly processId: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/**
 * The end of a process and of all that descends from it. With neither exit code nor signal nor `endedBy`, how it ended is not known: the launcher died, and the next one made sure that
 * nothing of it runs.
 */
export interface ProcessExit {
  readonly attempt: AttemptReference;
  readonly result: ExitResult;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
  /** Why the launcher ended it, or `null` when it ended by itself. */
  readonly endedBy: 'kill' | 'timeout' | 'lease' | 'limit' | null;
  /** With `limit`: which. */
  readonly hit?: LimitHit;
}

/** What a launcher holds: a process that runs, or an exit that nobody has taken yet. */
export type HeldProcess =
  | { readonly kind: 'running'; readonly attempt: AttemptReference; readonly process: StartedProcess }
  | { readonly kind: 'ended'; readonly attempt: AttemptReference; readonly exit: ProcessExit };

/** Options of `Launcher.kill`. */
export interface KillOptions {
  readonly attempt: AttemptReference;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** The limit that it has reached; absent: it was asked for. */
  readonly hit?: LimitHit;
}

/** A connection to the node's launcher. Rejects with `UNAVAILABLE` when the launcher is gone; `start`, `kill`, `renew` and `forget` with `STALE_SESSION` when another connection has adopted since this one did. */
export interface Launcher {
  /**
   * Starts a process in its own session and process group. Recorded on disk before it returns. Rejects with `NOT_FOUND` when the program does not
   * exist, `INVALID_ARGUMENT` when it cannot be executed, `ALREADY_EXISTS` when the attempt was started before,
   * `STALE_SESSION` when the lease has expired, `RESOURCE_EXHAUSTED` when the node has no room.
   */
  start(request: StartRequest): Promise<StartedProcess>;
  /** SIGTERM to its processes, SIGKILL after `graceMs`. False when the attempt does not run. Safe to repeat. With `hit` it is ended by that limit. */
  kill(options: KillOptions): Promise<boolean>;
  /**
   * Extends the lease: without another call the launcher terminates its process groups at `terminateInMs` from now and kills them at `killInMs`;
   * 0 is a time that has passed.
   */
  renew(options: { readonly terminateInMs: number; readonly killInMs: number }): Promise<void>;
  /**
   * Everything it holds; from now on exits are told to this connection. `session` is that of the worker's process: rejects with `STALE_SESSION` when a later one, which sorts behind, has adopted. Default:
   * not asked.
   */
  adopt(options?: { readonly session: string }): Promise<readonly HeldProcess[]>;
  /** Sets who is told of exits, each at least once until it is taken with `forget`. An exit is on disk before it is told. */
  onExit(listener: (exit: ProcessExit) => void): void;
  /** Drops the record of an attempt that has ended; idempotent. */
  forget(options: { readonly attempt: AttemptReference }): Promise<void>;
  /** Sets what happens when the connection to the launcher breaks for good. */
  onBroken(listener: (error: Error) => void): void;
  /** Ends the connection; the launcher and its processes go on, and the launcher ends by itself when nothing is left to hold. */
  close(): Promise<void>;
}
