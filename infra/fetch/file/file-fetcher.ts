/** `Fetcher` of `file:` URIs: files of the worker's own machine, and of what is mounted there. */
import { constants, type BigIntStats } from 'node:fs';
import { open, readlink, realpath, stat, type FileHandle } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  FetchError,
  type FetchedFile,
  type Fetcher,
  type FetchPlace,
  type FetchRequest,
} from '../../../core/ports/fetcher.js';

/** Errors of a source that the one who named it can mend. */
const SOURCE_ERRORS = new Map([
  ['ENOENT', 'there is no such file on the worker'],
  ['ENOTDIR', 'there is no such file on the worker'],
  ['EACCES', 'the worker may not read it'],
  ['EPERM', 'the worker may not read it'],
  ['ELOOP', 'its links go round in a circle'],
  ['ENAMETOOLONG', 'its path is too long'],
]);
const PIECE_BYTES = 1024 * 1024;

/** Options of `FileFetcher`. */
export interface FileFetcherOptions {
  /** Folders whose files may be read, links followed; empty: every file that the worker may read. */
  readonly folders: readonly string[];
  /** Whether only files are read that every user of the machine may read: those who name them may be others than the worker. Default: false. */
  readonly publicOnly?: boolean;
}

export class FileFetcher implements Fetcher {
  readonly #folders: readonly string[];
  readonly #publicOnly: boolean;

  constructor({ folders, publicOnly = false }: FileFetcherOptions) {
    this.#folders = folders;
    this.#publicOnly = publicOnly;
  }

  /** The version is size, time of change and number of the file. */
  async open({ uri, held, resume, signal }: FetchRequest): Promise<FetchedFile | null> {
    const path = pathOf(uri);
    try {
      await this.#checkPlace(uri, path);
      if (this.#publicOnly) await checkPublic(uri, await realpath(path));
      const version = versionOf(regular(uri, await stat(path, { bigint: true })));
      return version === held ? null : await this.#openFile(uri, path, resume, signal);
    } catch (error) {
      throw sourceError(uri, error);
    }
  }

  async close(): Promise<void> {
    // Every open file ends with its request.
  }

  async #checkPlace(uri: string, path: string): Promise<void> {
    if (this.#folders.length === 0) return;
    const real = await realpath(path);
    for (const folder of this.#folders) {
      const allowed = await realpath(folder).catch(() => null);
      if (allowed !== null && real.startsWith(allowed.endsWith(sep) ? allowed : allowed + sep)) return;
    }
    throw unreadable(uri, "it is not in a folder that the worker's configuration allows");
  }

  /** Without waiting for the other end of a pipe that has taken the file's place. What was opened is looked at again: it need not be what the path named before. */
  async #openFile(uri: string, path: string, resume: FetchPlace | null, signal: AbortSignal): Promise<FetchedFile> {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (this.#publicOnly) await checkPublic(uri, await readlink(`/proc/self/fd/${handle.fd}`));
      return await readOpened(uri, handle, resume, signal);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

/** Everybody may read the file and go through the folders to it. `path`: real. */
async function checkPublic(uri: string, path: string): Promise<void> {
  for (let each = path, needed = 0o004; ; each = dirname(each), needed = 0o001) {
    if (((await stat(each)).mode & needed) === 0) {
      throw unreadable(uri, 'not every user of the machine may read it');
    }
    if (each === '/') return;
  }
}

async function readOpened(
  uri: string,
  handle: FileHandle,
  resume: FetchPlace | null,
  signal: AbortSignal,
): Promise<FetchedFile> {
  const found = regular(uri, await handle.stat({ bigint: true }));
  const version = versionOf(found);
  const offset = resume?.version === version ? resume.offset : 0;
  const body = piecesOf(uri, handle, { version, offset }, signal);
  const close = (): void => void handle.close().catch(() => undefined); // closed already
  signal.addEventListener('abort', close, { once: true });
  const executable = (found.mode & 0o111n) !== 0n;
  return { version, sizeBytes: Number(found.size), offset, executable, body };
}

/** A file that changes meanwhile would give a mixture. */
async function* piecesOf(
  uri: string,
  handle: FileHandle,
  place: FetchPlace,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let position = place.offset;
  try {
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    const version = versionOf(await handle.stat({ bigint: true }));
    if (version !== place.version) {
      throw new FetchError('FILE_CHANGED', `The file ${uri} cannot be fetched: it changed while it was read.`, true);
    }
  } catch (error) {
    throw sourceError(uri, error);
  }
}

function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch (error) {
    throw notOfThisMachine(uri, error);
  }
}

/** Only regular files: a pipe would block for ever, a device never end. */
function regular(uri: string, found: BigIntStats): BigIntStats {
  if (found.isFile()) return found;
  throw unreadable(uri, found.isDirectory() ? 'it is a folder' : 'it is not a regular file');
}

function versionOf({ size, mtimeNs, ino }: BigIntStats): string {
  return `${size}-${mtimeNs}-${ino}`;
}

function notOfThisMachine(uri: string, cause: unknown): FetchError {
  return new FetchError('INVALID_URI', `${uri} does not name a file of this machine.`, false, cause);
}

function unreadable(uri: string, why: string, cause?: unknown): FetchError {
  return new FetchError('FILE_UNREADABLE', `The file ${uri} cannot be fetched: ${why}.`, false, cause);
}

function sourceError(uri: string, error: unknown): FetchError {
  if (error instanceof FetchError) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const why = SOURCE_ERRORS.get(code);
  if (code === 'ERR_INVALID_ARG_VALUE') return notOfThisMachine(uri, error);
  if (why !== undefined) return unreadable(uri, why, error);
  return new FetchError('FETCH_FAILED', `The file ${uri} cannot be fetched: ${String(error)}.`, true, error);
}
