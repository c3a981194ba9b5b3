/**
 * Keys of archives. A run is one go of a worker: it archives some attempts together, in packs and one blob of manifests, which is written last. Keys are made of
 * the run's name, which is a random id, and numbers; never of a file's name.
 */

/** Below which all archives are. */
export const ARCHIVE_PREFIX = 'archive/';
const MANIFESTS = 'manifests';

/** Prefix of everything of a run. */
export function runPrefix(run: string): string {
  return `${ARCHIVE_PREFIX}${run}/`;
}

/** Key of the manifests: a header, then one line for each attempt. */
export function manifestsKey(run: string): string {
  return `${runPrefix(run)}${MANIFESTS}`;
}

/** Key of a pack, numbered from 1. */
export function packKey(run: string, number: number): string {
  return `${runPrefix(run)}${String(number)}`;
}

/** The run that a key belongs to; `null` when it is of no archive. */
export function runOfKey(key: string): string | null {
  const [prefix, run, ...rest] = key.split('/');
  return `${prefix}/` === ARCHIVE_PREFIX && run !== undefined && rest.length > 0 ? run : null;
}
