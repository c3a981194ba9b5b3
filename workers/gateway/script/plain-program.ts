/** Looking programs up as bash does. */
import { accessSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { LRUCache } from 'lru-cache';

/** What the kernel runs by itself: ELF, and text that names its interpreter. Any other text bash would run as a script of its own. */
const MAGICS = ['\x7fELF', '#!'];

/** Programs of which is remembered what was read. */
const MOST_KNOWN = 1_000;

/** A file as it was when it was read. One that was changed too soon to be noticed is nothing bad: what the kernel refuses, bash runs. */
interface Known {
  readonly version: string;
  readonly runnable: boolean;
}

/** Remembers what it has read: most jobs of a worker run the same few programs. */
export class PlainPrograms {
  readonly #known = new LRUCache<string, Known>({ max: MOST_KNOWN });

  /**
   * Whether a word names a file that the kernel can run as it is: itself when it has a `/`, else the first of the PATH. No where a look is not enough: a PATH with relative
   * parts, a file that may be run and not read, one of an unknown kind.
   */
  has(
    program: string,
    where: { /** The working directory. */ readonly directory: string; readonly path: string },
  ): boolean {
    if (program.includes('/')) return this.#isRunnable(resolve(where.directory, program));
    const folders = where.path.split(':');
    if (program === '' || folders.some((folder) => !folder.startsWith('/'))) return false;
    const found = folders.map((folder) => `${folder}/${program}`).find((file) => isExecutable(file));
    return found !== undefined && this.#isRunnable(found);
  }

  #isRunnable(file: string): boolean {
    const version = versionOf(file);
    if (version === null) return false;
    const known = this.#known.get(file);
    if (known?.version === version) return known.runnable;
    const runnable = isExecutable(file) && isOfKnownKind(file);
    this.#known.set(file, { version, runnable });
    return runnable;
  }
}

function versionOf(file: string): string | null {
  try {
    const { dev, ino, mode, size, ctimeMs } = statSync(file);
    return [dev, ino, mode, size, ctimeMs].join();
  } catch {
    return null; // bash knows what to say
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not to be run: the next folder
  }
}

function isOfKnownKind(file: string): boolean {
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
