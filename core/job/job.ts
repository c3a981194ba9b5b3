/** The job document: a request, what was chosen for it, and everything that has happened to it. Plain JSON. */
import type { Application, Cluster, Command, Criterion, Json } from '../registry/resource.js';
import type { ArchiveStatus, AttemptArchive } from '../archive/archive-status.js';
import type { JobStatus, TerminalStatus } from './status.js';

/** What an attempt may use besides memory and time; absent: what its worker allows. */
export interface JobLimits {
  /** Milliseconds of CPU time. */
  readonly cpuTimeMs?: number;
  /** Descriptors that a process may have open. */
  readonly openFiles?: number;
  /** Processes at a time. */
  readonly processes?: number;
  /** MiB of a single file. */
  readonly fileMb?: number;
  /** MiB of the job's directory. */
  readonly folderMb?: number;
  /** Files and directories in it. */
  readonly folderFiles?: number;
}

/** What of a job's directory is archived. */
export interface ArchiveRequest {
  /** Nothing. */
  readonly disabled: boolean;
  /** Patterns of files that are left out besides those that the worker leaves out. */
  readonly excludes: readonly string[];
}

/** A file that was uploaded for a job. */
export interface JobAttachment {
  /** Its file in the job's directory: data, checked to be one name. */
  readonly name: string;
  /** Of its content, hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** What a user asks for, with absent parts as `null` or empty. Limits and defaults: `proto/marid/v1/job.proto`. */
export interface JobRequest {
  /** Empty in a request: the job's id is taken. */
  readonly name: string;
  readonly user: string;
  readonly version: string;
  readonly description: string;
  readonly metadata: { readonly [key: string]: Json };
  readonly tags: readonly string[];
  readonly clusterCriteria: readonly Criterion[];
  readonly commandCriterion: Criterion;
  /** Ids that replace the command's applications; empty: the command's. */
  readonly applicationIds: readonly string[];
  readonly arguments: readonly string[];
  /** Shell text that is evaluated in the `run` script; empty for none. */
  readonly rawArguments: string;
  readonly environment: { readonly [name: string]: string };
  readonly configs: readonly string[];
  readonly dependencies: readonly string[];
  /** As of a registry entry; absent: none. */
  readonly unpack?: readonly string[];
  readonly setupFile: string | null;
  /** MiB; `null`: the command's, else the server's default. */
  readonly memoryMb: number | null;
  /** Milliseconds; `null`: the server's default. */
  readonly timeoutMs: number | null;
  /** Attempts that the job's own failures may use; `null`: 1. */
  readonly maxAttempts: number | null;
  /** Empty: `default`. */
  readonly pool: string;
  readonly grouping: string;
  readonly groupingInstance: string;
  readonly group: string;
  readonly email: string;
  /** Lower than the worker's; absent: none. */
  readonly limits?: JobLimits;
  /** Default: everything but what the worker leaves out. */
  readonly archive?: ArchiveRequest;
  /** Default: none. */
  readonly attachments?: readonly JobAttachment[];
  /** Whether the worker records when output was written. Absent: not. */
  readonly recordOutputTimes?: boolean;
}

/** What matching chose: copies of the entries as they were. */
export interface Resolution {
  readonly cluster: Cluster;
  readonly command: Command;
  readonly applications: readonly Application[];
  readonly memoryMb: number;
  readonly timeoutMs: number;
}

/** One step of a job's life. */
export interface Transition {
  /** Number within the job, from 1, without gaps. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Status before; `null` for the first. */
  readonly from: JobStatus | null;
  /** Status after. */
  readonly to: JobStatus;
  /** Attempt that it concerns; 0 before the first claim. */
  readonly attempt: number;
  /** Machine-readable cause, for example `MATCHED`, `CLAIMED` or `EXIT_CODE`. */
  readonly reason: string;
  /** The same for people. */
  readonly message: string;
  /** Who decided: `user:<name>`, `worker:<id>` or `control-plane`. */
  readonly actor: string;
}

/** How the program of an attempt ended and what it used. */
export interface ExitResult {
  /** Exit code; `null` when a signal ended it or it never started. */
  readonly exitCode: number | null;
  /** Name of the signal that ended it, for example `SIGKILL`, or `null`. */
  readonly signal: string | null;
  /** Process id on the worker's host; `null` when it never started. */
  readonly processId: number | null;
  /** Bytes written to standard output. */
  readonly stdoutBytes: number;
  /** Bytes written to standard error. */
  readonly stderrBytes: number;
  /** Largest resident memory in bytes; `null`: not measured. */
  readonly peakMemoryBytes: number | null;
  /** Processor time in milliseconds; `null`: not measured. */
  readonly cpuTimeMs: number | null;
  /** Bytes that its processes read by system calls: files, pipes, terminals; absent: not measured. */
  readonly bytesRead?: number;
  /** Bytes that they wrote so. */
  readonly bytesWritten?: number;
}

/** How long a step of a worker's preparation took. */
export interface StageTime {
  /** Name of the step, for example `files`. */
  readonly name: string;
  readonly ms: number;
}

/** One execution of a job. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly workerId: string;
  readonly host: string;
  readonly claimedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** `null` while it runs or when it was lost. */
  readonly outcome: TerminalStatus | null;
  readonly reason: string;
  readonly message: string;
  readonly infrastructureFailure: boolean;
  readonly result: ExitResult | null;
  /** Steps of its preparation that took a millisecond or more, in order; absent when none did, or when it was not told. */
  readonly stages?: readonly StageTime[];
  /** What became of its files; absent before the end, and when its worker has told nothing. */
  readonly archive?: AttemptArchive;
}

/** A worker's right to the current attempt. */
export interface Claim {
  readonly workerId: string;
  /** Identity of the worker's process run; events of other sessions are stale. */
  readonly session: string;
  /** Chosen by the worker; the same id repeated gets the same answer. */
  readonly claimId: string;
  /** Highest sequence of the worker events applied; 0: none. */
  readonly eventSequence: number;
}

/** A recorded wish to end the job. */
export interface KillRequest {
  readonly at: number;
  readonly actor: string;
  readonly reason: string;
}

/**
 * A job. `id`, `createdAt`, `parentId`, `request`, `requestHash`, `resolution`, `pool`, `memoryMb`, `timeoutMs` and `maxAttempts` never
 * change after insert, so a store may keep them apart; every other change goes through a decision of `core/job`.
 */
export interface Job {
  readonly id: string;
  /** Counts the writes, from 1; the basis of compare-and-set. */
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Job that this one is a retry or a copy of; `null`: none. */
  readonly parentId: string | null;
  readonly request: JobRequest;
  /** Hash of the request's content, for repeated submits. */
  readonly requestHash: string;
  readonly resolution: Resolution;
  readonly pool: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly status: JobStatus;
  readonly reason: string;
  readonly message: string;
  /** Number of the current attempt; 0 before the first claim. */
  readonly attempt: number;
  /** Present exactly while a worker owns the job (CLAIMED, INIT, RUNNING). */
  readonly claim: Claim | null;
  readonly attempts: readonly Attempt[];
  readonly history: readonly Transition[];
  /** Sequence up to which the history is known to be published. */
  readonly publishedSequence: number;
  /** When the dispatch loop offers it again; `null` unless ACCEPTED. */
  readonly nextOfferAt: number | null;
  /** How often it was offered since it was last ACCEPTED. */
  readonly offers: number;
  readonly kill: KillRequest | null;
  /** Start of the program of the current attempt. */
  readonly startedAt: number | null;
  /** When it became terminal. */
  readonly endedAt: number | null;
  /** How the last attempt's program ended, once the job has. */
  readonly result: ExitResult | null;
}

/** What happened to an attempt, as its worker tells it. */
export interface WorkerEvent {
  readonly jobId: string;
  readonly attempt: number;
  readonly workerId: string;
  readonly session: string;
  /** From 1 within the attempt. */
  readonly sequence: number;
  /** Milliseconds since the epoch, by the worker's clock. */
  readonly at: number;
  readonly status: 'INIT' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'KILLED';
  readonly reason: string;
  readonly message: string;
  readonly result: ExitResult | null;
  readonly infrastructureFailure: boolean;
  /** As in `Attempt`; with the event that ends the preparation. */
  readonly stages?: readonly StageTime[];
  /** What is to become of the files, with a terminal status. Default: not told. */
  readonly archive?: ArchiveStatus;
}

/** Everything that a worker needs to run an attempt. */
export interface JobSpecification {
  readonly jobId: string;
  readonly attempt: number;
  readonly request: JobRequest;
  readonly resolution: Resolution;
}

/** Names an attempt. */
export interface AttemptReference {
  readonly jobId: string;
  readonly attempt: number;
}
