/** What the control plane keeps of a worker, and of the leader's tasks. Plain JSON. */

/** Holds a worker for a job that has waited too long: the worker gets no other until that one fits. */
export interface Reservation {
  readonly jobId: string;
  /** MiB that the job needs. */
  readonly memoryMb: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** A worker as it registered, with what was decided about it since. */
export interface WorkerRecord {
  readonly id: string;
  /** Counts the writes, from 1. */
  readonly revision: number;
  /** Identity of the worker's current process run. */
  readonly session: string;
  readonly pool: string;
  readonly host: string;
  /** `host:port` of its own gRPC server. */
  readonly address: string;
  readonly memoryBudgetMb: number;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly registeredAt: number;
  /** Last renewal that was written down: at most `RENEWAL_WRITTEN_PART` of the lease before the last one that was acknowledged. */
  readonly seenAt: number;
  /** Asked to claim nothing. */
  readonly draining: boolean;
  /** Said that it ends. */
  readonly stopped: boolean;
  /** Length of the lease that the session was told when it registered. */
  readonly leaseTtlMs: number;
  /** Its session was ended because nothing was heard of it; `null`: it was not. Only a registration undoes it. */
  readonly expired: Expiry | null;
  /** Somebody released it by hand: its session may end although many of its pool are silent. A renewal takes it back. */
  readonly released: boolean;
  /** Lives here and not in the job, so that a worker has one at most; `null`: none. */
  readonly reservation: Reservation | null;
}

/** The end of a session of which nothing was heard. */
export interface Expiry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Attempts that it owned. */
  readonly attempts: number;
}

/** What a record written by an earlier version lacks. */
export const WORKER_RECORD_DEFAULTS = {
  leaseTtlMs: 120_000,
  expired: null,
  released: false,
  reservation: null,
} as const;

/** The last run of a leader's task. */
export interface TaskRun {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly succeeded: boolean;
  /** What it did, or its error, one line. */
  readonly outcome: string;
  readonly leader: string;
  readonly term: number;
  /** Runs asked for by hand (`TaskControl.requests`) that this one or an earlier one has answered. */
  readonly answered: number;
}

/** What people have asked of a leader's task. */
export interface TaskControl {
  readonly name: string;
  /** Counts the writes, from 1. */
  readonly revision: number;
  /** Runs only when asked by hand. */
  readonly paused: boolean;
  /** How often a run was asked for by hand. */
  readonly requests: number;
}

/** What a worker says of itself every few seconds. */
export interface WorkerBeat {
  readonly workerId: string;
  readonly session: string;
  readonly pool: string;
  readonly memoryFreeMb: number;
  readonly held: readonly { readonly jobId: string; readonly attempt: number }[];
  /** Partitions of the pool's job topic that it reads. */
  readonly partitions: readonly number[];
}
