/**
 * Steps on files that last: what they did is on disk when they resolve. Only what waits for the disk goes to another thread: handing the rest there costs more than doing it.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  writeFile,
  type BigIntStats,
} from 'node:fs';
import { rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { isErrno } from '../../../core/errors/system-error.js';
import { MaridError, isMaridError } from '../../../core/errors/marid-error.js';

/** Times that a file is put in place again after its folder vanished: somebody deleted the last blob beside it. */
const MAX_PLACE_ATTEMPTS = 10;
const writeLater = promisify(writeFile);
const forceLater = promisify(fsync);

/** Options of `placeFile`. */
export interface PlaceOptions {
  /** Folder that exists and stays. */
  readonly root: string;
  /** Never replace a file. */
  readonly ifAbsent: boolean;
}

type PlaceOutcome = 'placed' | 'taken' | 'again';

/** Writes a new file, forces it to disk and tells what it is. Removes it again when the body throws. */
export async function writeNewFile(path: string, body: AsyncIterable<Uint8Array>): Promise<BigIntStats> {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    for await (const piece of body) await writeLater(descriptor, piece);
    await forceLater(descriptor);
    return fstatSync(descriptor, { bigint: true });
  } catch (error) {
    await unlink(path);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Gives a file its final name below `root`. With `ifAbsent`, false when the name is taken. The file has left its first name in any case. */
export async function placeFile(from: string, to: string, options: PlaceOptions): Promise<boolean> {
  let outcome: PlaceOutcome = 'again';
  try {
    for (let attempt = 1; outcome === 'again' && attempt <= MAX_PLACE_ATTEMPTS; attempt += 1) {
      outcome = await tryPlace(from, to, options);
    }
  } finally {
    if (options.ifAbsent || outcome !== 'placed') await unlink(from);
  }
  if (outcome === 'again') throw new MaridError('UNAVAILABLE', `The folder of ${to} keeps vanishing; try again.`);
  return outcome === 'placed';
}

/** Deletes a file and then the folders that it leaves empty, up to `root`. A file that is not there is fine. */
export async function removeFile(path: string, root: string): Promise<void> {
  try {
    await unlink(path);
    await syncFolder(dirname(path));
    for (let folder = dirname(path); folder !== root; folder = dirname(folder)) await rmdir(folder);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST')) throw error;
  }
}

/** A system error as `UNAVAILABLE` that names the folder; everything else as it is. */
export function translateFileError(error: unknown, folder: string): unknown {
  if (isMaridError(error) || typeof error !== 'object' || error === null || !('syscall' in error)) return error;
  const remedy = isErrno(error, 'ENOSPC', 'EDQUOT')
    ? 'its disk is full; free some space'
    : 'look at its disk, owner and mode';
  return new MaridError('UNAVAILABLE', `The blob folder ${folder} cannot be used: ${remedy}.`, { cause: error });
}

/** Makes a folder and those above it, and forces the new names to disk. */
async function makeFolder(folder: string, root: string): Promise<void> {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let above = dirname(folder); above.length >= root.length; above = dirname(above)) await syncFolder(above);
}

async function tryPlace(from: string, to: string, { root, ifAbsent }: PlaceOptions): Promise<PlaceOutcome> {
  try {
    await makeFolder(dirname(to), root);
    if (ifAbsent) linkSync(from, to);
    else renameSync(from, to);
  } catch (error) {
    if (ifAbsent && isErrno(error, 'EEXIST')) return 'taken';
    if (isErrno(error, 'ENOENT')) return 'again';
    throw error;
  }
  await syncFolder(dirname(to));
  return 'placed';
}

/** A folder that is gone needs nothing: what was in it was deleted. */
async function syncFolder(folder: string): Promise<void> {
  const descriptor = openFolder(folder);
  if (descriptor === null) return;
  try {
    await forceLater(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function openFolder(folder: string): number | null {
  try {
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
