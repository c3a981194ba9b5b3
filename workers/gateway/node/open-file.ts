/** Opens files that a job has made: whatever it put there, nothing outside its folder is opened, and nothing blocks. */
import { constants, statSync, type Stats } from 'node:fs';
import { open, readlink, realpath, type FileHandle } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { errnoOf } from '../../../core/errors/system-error.js';
import { invalidArgument, MaridError } from '../../../core/errors/marid-error.js';

/** `O_NONBLOCK`: opening a pipe does not wait for its writer. `O_NOCTTY`: no terminal becomes the worker's. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO']);

/** The real path of something below a folder, or `null` when there is none. Throws `INVALID_ARGUMENT` when its links lead out. */
export async function resolveInside(root: string, path: string): Promise<string | null> {
  const realRoot = await absentAsNull(realpath(root));
  const target = realRoot === null ? null : await absentAsNull(realpath(join(realRoot, path)));
  if (realRoot !== null && target !== null && path !== '') checkInside(realRoot, target, path);
  return target;
}

/**
 * Opens a regular file below a folder, or `null` when there is none. Links are followed as long as they stay inside; throws `INVALID_ARGUMENT`
 * for one that leads out and for what is no regular file. `flags`: of `open`, for reading by default; they must not create the file.
 */
export async function openInside(root: string, path: string, flags = READ): Promise<FileHandle | null> {
  const target = await resolveInside(root, path);
  const file = target === null ? null : await absentAsNull(open(target, flags));
  if (file === null) return null;
  try {
    await checkOpened(file, await realpath(root), path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What was opened, not what the path may name by now. */
async function checkOpened(file: FileHandle, realRoot: string, path: string): Promise<void> {
  const opened = await readlink(`/proc/self/fd/${file.fd}`);
  checkInside(realRoot, opened, path);
  const found = await file.stat();
  if (isClosedToOwner(opened, found)) throw new MaridError('NOT_FOUND', 'The job itself may not read this file.');
  if (!found.isFile())
    throw invalidArgument([{ field: 'path', description: `${JSON.stringify(path)} is not a regular file` }]);
}

/**
 * Whether a file lies in a folder of another user than the worker, who could not read it: a job that runs as another user may give a name in its folder to a file that it can
 * only name, and the worker would read it for the job.
 */
export function isClosedToOwner(path: string, { uid, mode }: Pick<Stats, 'uid' | 'mode'>): boolean {
  if ((mode & 0o004) !== 0) return false;
  const owner = statSync(dirname(path), { throwIfNoEntry: false })?.uid;
  return owner !== process.getuid?.() && owner !== uid;
}

function checkInside(realRoot: string, target: string, path: string): void {
  if (target.startsWith(realRoot + sep)) return;
  throw invalidArgument([{ field: 'path', description: `${JSON.stringify(path)} leads out of the job directory` }]);
}

async function absentAsNull<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (ABSENT.has(code)) return null;
    if (code === 'EACCES') throw new MaridError('NOT_FOUND', 'The worker may not read this file.', { cause: error });
    throw error;
  }
}
