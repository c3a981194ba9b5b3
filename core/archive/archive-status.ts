/** What became of the files of an attempt after its end. Genie's names. */

export const ARCHIVE_STATUSES = ['PENDING', 'ARCHIVED', 'FAILED', 'DISABLED', 'NO_FILES', 'UNKNOWN'] as const;

/**
 * `PENDING`: the worker is to archive them; `ARCHIVED`; `FAILED`: the worker has given up; `DISABLED`: not wanted; `NO_FILES`: there never was a
 * directory; `UNKNOWN`: nothing was heard for long.
 */
export type ArchiveStatus = (typeof ARCHIVE_STATUSES)[number];

/** The archive of an attempt, as last told. */
export interface AttemptArchive {
  readonly status: ArchiveStatus;
  /** When it got this status, milliseconds since the epoch. */
  readonly at: number;
  /** For people; empty when there is nothing to say. */
  readonly message: string;
}

/** What a worker tells of an archive after the end of the attempt. Unlike other events it may come in a later session. */
export interface ArchiveEvent {
  readonly jobId: string;
  readonly attempt: number;
  readonly workerId: string;
  /** Milliseconds since the epoch, by the worker's clock. */
  readonly at: number;
  readonly archive: ArchiveStatus;
  readonly message: string;
}

/** Whether a status may replace another: what is archived stays so, and what was given up may still be archived. */
export function mayBecome(from: ArchiveStatus | null, to: ArchiveStatus): boolean {
  if (from === null || from === 'PENDING') return from !== to;
  return to === 'ARCHIVED' && from !== 'ARCHIVED';
}
