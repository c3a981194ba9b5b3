/** What became of the files of an attempt after its end. Genie's names. */

export const ARCHIVE_STATUSES = ['PENDING', 'ARCHIVED', 'FAILED', 'DISABLED', 'NO_FILES', 'UNKNOWN'] as const;

/**
 * `PENDING`: the worker is to archive them; `ARCHIVED`; `FAILED`: the worker has given up; `DISABLED`: not wanted; `NO_FILES`: there never was a
 * directory; `UNKNOWN`: nothing was heard for long.
 */
export type ArchiveStatus = (typeof ARCHIVE_STATUSES)[number];

/** Where the table of contents of an archived attempt lies. */
export interface ArchivePlace {
  /** Name of the run that archived it, with others: see `core/archive/keys`. */
  readonly run: string;
  /** Its first byte in the run's blob of manifests. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** The archive of an attempt, as last told. */
export interface AttemptArchive {
  readonly status: ArchiveStatus;
  /** When it got this status, milliseconds since the epoch. */
  readonly at: number;
  /** For people; empty when there is nothing to say. */
  readonly message: string;
  /** With `ARCHIVED`. */
  readonly place?: ArchivePlace;
}

/** What a worker tells of an archive after the end of the attempt. Unlike other events it may come in a later session. */
export interface ArchiveEvent {
  readonly jobId: string;
  readonly attempt: number;
  readonly archive: ArchiveStatus;
  readonly message: string;
  /** With `ARCHIVED`. */
  readonly place?: ArchivePlace;
}

/** What a worker tells of archives that it has written together. */
export interface ArchiveNews {
  readonly workerId: string;
  readonly archives: readonly ArchiveEvent[];
}

/** Whether a status may replace another: what is archived stays so, and what was given up may still be archived. */
export function mayBecome(from: ArchiveStatus | null, to: ArchiveStatus): boolean {
  if (from === null || from === 'PENDING') return from !== to;
  return to === 'ARCHIVED' && from !== 'ARCHIVED';
}
