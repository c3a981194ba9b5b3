/** Gives an object of the cache to a job: linked, or copied (by reflink where the file system knows how). */
import { chmodSync, constants, copyFileSync, linkSync } from 'node:fs';
import { chmod, copyFile } from 'node:fs/promises';
import { errnoOf } from '../../../core/errors/system-error.js';
import type { CacheEntry } from './cache-entry.js';

/** Copies up to this size are made on the spot: handing them to another thread takes longer. */
const SMALL_BYTES = 64 * 1024;
/** A link cannot be made: other file system, too many links, or the file system or the kernel does not want it. */
const NO_LINK: readonly (string | null)[] = ['EXDEV', 'EMLINK', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** What goes where. */
export interface ObjectPlacement {
  /** Path of the object. */
  readonly object: string;
  /** Path in the job's folder; nothing is there yet. */
  readonly target: string;
  /** Whether the job gets a copy of its own to write to. */
  readonly writable: boolean;
  readonly entry: Pick<CacheEntry, 'sizeBytes' | 'executable'>;
}

/** Places it at once. False, with nothing done, when that would copy a large file. */
export function placeObjectNow({ object, target, writable, entry }: ObjectPlacement): boolean {
  if (!writable && link(object, target)) return true;
  if (entry.sizeBytes > SMALL_BYTES) return false;
  copyFileSync(object, target, constants.COPYFILE_FICLONE);
  chmodSync(target, ownMode(entry));
  return true;
}

/** Copies a large one. */
export async function copyObject({ object, target, entry }: ObjectPlacement): Promise<void> {
  await copyFile(object, target, constants.COPYFILE_FICLONE);
  await chmod(target, ownMode(entry));
}

/** Mode of a job's own copy. */
export function ownMode({ executable }: { readonly executable: boolean }): number {
  return executable ? 0o755 : 0o644;
}

function link(object: string, target: string): boolean {
  try {
    linkSync(object, target);
    return true;
  } catch (error) {
    if (NO_LINK.includes(errnoOf(error))) return false;
    throw error;
  }
}
