/** Looking a program up as bash does. */
import { accessSync, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';

/** What the kernel runs by itself: ELF, and text that names its interpreter. Any other text bash would run as a script of its own. */
const MAGICS = ['\x7fELF', '#!'];

/**
 * Whether a word names a file that the kernel can run as it is: itself when it has a `/`, else the first of the PATH. No where a look is not enough: a PATH with relative
 * parts, a file that may be run and not read, one of an unknown kind.
 */
export function isPlainProgram(
  program: string,
  where: { /** The working directory. */ readonly directory: string; readonly path: string },
): boolean {
  if (program.includes('/')) return isRunnable(resolve(where.directory, program));
  const folders = where.path.split(':');
  if (program === '' || folders.some((folder) => !folder.startsWith('/'))) return false;
  const found = folders.map((folder) => `${folder}/${program}`).find((file) => isExecutable(file));
  return found !== undefined && isRunnable(found);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not to be run: the next folder
  }
}

function isRunnable(file: string): boolean {
  if (!isExecutable(file)) return false;
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return false; // it may be run and not read: bash knows what to do
  }
  try {
    const buffer = Buffer.alloc(4);
    const length = fstatSync(descriptor).isFile() ? readSync(descriptor, buffer) : 0;
    const start = buffer.toString('latin1', 0, length);
    return MAGICS.some((magic) => start.startsWith(magic));
  } finally {
    closeSync(descriptor);
  }
}
