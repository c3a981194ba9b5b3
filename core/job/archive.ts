/** The archive's own field of an attempt: it changes after the attempt, and also the job, has ended. */
import { mayBecome, type ArchiveEvent, type ArchiveStatus, type AttemptArchive } from '../archive/archive-status.js';
import type { Attempt, Job } from './job.js';
import { revise } from './transition.js';

/** `stale`: the event says nothing new, or is of another worker. */
export type ArchiveResult =
  { readonly kind: 'applied'; readonly job: Job } | { readonly kind: 'stale'; readonly why: string };

/** The job after news of the archive of one of its attempts, told by a worker. */
export function applyArchiveEvent(
  job: Job,
  event: ArchiveEvent & { readonly workerId: string },
  now: number,
): ArchiveResult {
  const attempt = job.attempts.find(({ number }) => number === event.attempt);
  if (attempt === undefined) return { kind: 'stale', why: `the job has no attempt ${event.attempt}` };
  if (attempt.workerId !== event.workerId) {
    return { kind: 'stale', why: `attempt ${event.attempt} was of worker ${attempt.workerId}, not ${event.workerId}` };
  }
  const from = attempt.archive?.status ?? null;
  if (!mayBecome(from, event.archive)) return { kind: 'stale', why: `archive ${event.archive} cannot follow ${from}` };
  return { kind: 'applied', job: withArchive(job, attempt, archiveOf(event, now), now) };
}

/** The job with every archive that has been PENDING since before a time UNKNOWN; `null` when there is none. */
export function giveUpArchives(job: Job, o: { readonly pendingBefore: number; readonly now: number }): Job | null {
  const message = 'Its worker has told nothing of it for too long.';
  const attempts = job.attempts.map((attempt) =>
    (pendingSince(attempt) ?? o.pendingBefore) < o.pendingBefore
      ? { ...attempt, archive: archiveOf({ archive: 'UNKNOWN', message }, o.now) }
      : attempt,
  );
  if (attempts.every((attempt, index) => attempt === job.attempts[index])) return null;
  return { ...revise(job, o.now), attempts };
}

/** Since when the first of the job's archives is PENDING, milliseconds since the epoch; `null`: none is. */
export function archivePendingSince(job: Pick<Job, 'attempts'>): number | null {
  const times = job.attempts.map(pendingSince).filter((at) => at !== null);
  return times.length === 0 ? null : Math.min(...times);
}

/** What is known of the archive of an attempt; `null` before its end. */
export function archiveStatusOf(attempt: Attempt): ArchiveStatus | null {
  return attempt.archive?.status ?? (attempt.endedAt === null ? null : 'UNKNOWN');
}

/** An archive as told. */
export function archiveOf(told: Pick<ArchiveEvent, 'archive' | 'message' | 'place'>, at: number): AttemptArchive {
  const { archive: status, message, place } = told;
  return { status, at, message, ...(place === undefined ? {} : { place }) };
}

function withArchive(job: Job, attempt: Attempt, archive: AttemptArchive, now: number): Job {
  const attempts = job.attempts.map((each) => (each === attempt ? { ...each, archive } : each));
  return { ...revise(job, now), attempts };
}

function pendingSince({ archive }: Attempt): number | null {
  return archive?.status === 'PENDING' ? archive.at : null;
}
