/** Keys of archived attempts: made of a job's id, which was checked, and numbers; never of a file's name. */
import type { AttemptReference } from '../job/job.js';

/** Below which all archives are. */
export const ARCHIVE_PREFIX = 'archive/';

/** Prefix of everything of an attempt. */
export function archivePrefix({ jobId, attempt }: AttemptReference): string {
  return `${ARCHIVE_PREFIX}${jobId}/${attempt}/`;
}

/** Key of the manifest. */
export function manifestKey(reference: AttemptReference): string {
  return `${archivePrefix(reference)}manifest.json`;
}

/** Key of a pack. `run` is a new name for each try, so that no reader mixes what two of them wrote. */
export function packKey(reference: AttemptReference, run: string, number: number): string {
  return `${archivePrefix(reference)}${run}-${number}`;
}

/** Id of the job that a key of an archive belongs to; `null` when it is none. */
export function jobOfArchiveKey(key: string): string | null {
  const [prefix, jobId, ...rest] = key.split('/');
  return `${prefix}/` === ARCHIVE_PREFIX && jobId !== undefined && rest.length > 0 ? jobId : null;
}
