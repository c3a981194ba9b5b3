/** Opens what an attempt has left, for its archive: without waiting, because a small job's files are read in less time than it takes to hand one call to another thread. */
import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import { errnoOf } from '../../../core/errors/system-error.js';
import { isClosedToOwner } from '../node/open-file.js';

/** `O_NONBLOCK`: opening a pipe does not wait for its writer. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Failures that are the job's doing, and the same the next time. */
const THE_JOBS_DOING = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'EISDIR']);

/** The descriptor of a regular file by a path that has no links, or `null` when there is none: what was opened is looked at, not what the path may name by now. */
export function openPlain(path: string): number | null {
  const descriptor = unlessItsDoing(() => openSync(path, FLAGS));
  if (descriptor === null) return null;
  const found = fstatSync(descriptor);
  const plain = readlinkSync(`/proc/self/fd/${String(descriptor)}`) === path && found.isFile();
  if (plain && !isClosedToOwner(path, found)) return descriptor;
  closeSync(descriptor);
  return null;
}

/** The result, or `null` for a failure that is the job's doing. Any other, such as too many open files, is thrown. */
export function unlessItsDoing<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (THE_JOBS_DOING.has(errnoOf(error) ?? '')) return null;
    throw error;
  }
}
