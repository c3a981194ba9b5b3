/** An attempt that the worker holds: from the claim until the log has acknowledged its last event. */
import type { AttemptReference, StageTime } from '../../../core/job/job.js';
import type { ProcessExit } from '../../../core/ports/launcher.js';

/** Limits of an attempt's directory, as in `JobLimits`. */
export interface FolderLimits {
  readonly folderMb?: number;
  readonly folderFiles?: number;
}

/** What a worker must know of an attempt whose process outlives it; kept beside the attempt's folder. */
export interface AttemptFacts extends FolderLimits {
  /** MiB reserved. */
  readonly memoryMb: number;
  /** Whether setup files run before the program. */
  readonly hasSetup: boolean;
  /** Whether it was given secrets; absent: no. */
  readonly hasSecrets?: boolean;
  /** Whether there are files with secrets, to be removed at its end; absent: no. */
  readonly hasSecretFiles?: boolean;
  /** Whether the times of its output are recorded; absent: no. */
  readonly recordsOutputTimes?: boolean;
  readonly archive: ArchiveFacts;
}

/** What the archive of an attempt leaves out. */
export interface ArchiveFacts {
  /** Everything. */
  readonly disabled: boolean;
  /** Patterns that the job asked for. */
  readonly excludes: readonly string[];
  /** Files that the worker has placed, by path. */
  readonly paths: readonly string[];
}

/** Nothing is left out. */
export const WHOLE_ARCHIVE: ArchiveFacts = { disabled: false, excludes: [], paths: [] };

/** Why an attempt is to end: asked for, not the worker's any more, or the worker stops before it has started. */
export type Ending = 'kill' | 'lost' | 'stop';

/** Options of `Attempt`. */
export interface AttemptOptions {
  readonly reference: AttemptReference;
  /** Its directory, absolute. */
  readonly directory: string;
  /** Key of its memory in the budget. */
  readonly memoryKey: string;
  readonly facts: AttemptFacts;
  /** Its events are numbered above it. */
  readonly sequence: number;
}

/**
 * Phases: `staging` (from the claim) -> `running` (the launcher has started it, or it was adopted) -> `ended` (its process is gone or never
 * was; its last event is on the way). The runner alone changes them.
 */
export class Attempt {
  readonly reference: AttemptReference;
  readonly directory: string;
  readonly memoryKey: string;
  /** Aborts when the stages before the start are to be given up. */
  readonly abort = new AbortController();
  /** Resolves when its process is gone, or it is known that there will be none. */
  readonly over: Promise<void>;
  phase: 'staging' | 'running' | 'ended' = 'staging';
  facts: AttemptFacts;
  /** Times of its preparation, until they are told. */
  stages: readonly StageTime[] = [];
  /** What it was given from the cache. */
  uris: readonly string[] = [];
  /** Texts that no message may show; empty also where the worker's process before has prepared it. Never written down. */
  secretTexts: readonly string[] = [];
  /** Sequence of its last event. */
  sequence: number;
  ending: Ending | null = null;
  /** Its exit, told before the answer to its start. */
  earlyExit: ProcessExit | null = null;
  /** Whether the launcher was lost while it was starting it: whether it runs is known once the launcher is back. */
  startUnknown = false;
  #markOver: () => void = () => undefined;

  constructor({ reference, directory, memoryKey, facts, sequence }: AttemptOptions) {
    this.reference = reference;
    this.directory = directory;
    this.memoryKey = memoryKey;
    this.facts = facts;
    this.sequence = sequence;
    this.over = new Promise((resolve) => (this.#markOver = resolve));
  }

  /** Its process is gone. */
  end(): void {
    this.phase = 'ended';
    this.#markOver();
  }
}
