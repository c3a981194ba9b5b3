/** How much an attempt's directory holds. */
import { lstatSync, opendirSync, type Dir } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../../core/errors/system-error.js';
import type { LimitHit } from '../../../core/ports/launcher.js';
import type { FolderLimits } from './attempt.js';

const MIB = 1024 * 1024;
/** The system counts what a file occupies in these. */
const BLOCK_BYTES = 512;
/** What a job may do to its own directory while it is looked at. */
const PASSED_OVER = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'ELOOP', 'EIO', 'ESTALE'];

/**
 * Walks the directory, links not followed, and yields after each entry until a limit is reached; returns that, or `null`. What occupies no room counts for nothing, so that
 * a sparse file is what it costs.
 */
export function* walkFolder(
  directory: string,
  { folderMb, folderFiles }: FolderLimits,
): Generator<void, LimitHit | null, void> {
  let [bytes, files] = [0, 0];
  const waiting = [directory];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const name of entriesOf(folder)) {
      const path = join(folder, name);
      const found = orNull(() => lstatSync(path));
      files += 1;
      bytes += (found?.blocks ?? 0) * BLOCK_BYTES;
      if (found?.isDirectory() === true) waiting.push(path);
      if (folderFiles !== undefined && files > folderFiles) {
        return { limit: 'folderFiles', allowed: folderFiles, used: files };
      }
      if (folderMb !== undefined && bytes > folderMb * MIB) {
        return { limit: 'folderSize', allowed: folderMb, used: Math.ceil(bytes / MIB) };
      }
      yield;
    }
  }
  return null;
}

/** Names in a folder, read a few at a time: there may be millions. */
function* entriesOf(folder: string): Generator<string, void, void> {
  const open = orNull(() => (lstatSync(folder).isDirectory() ? opendirSync(folder) : null));
  if (open === null) return;
  try {
    for (let name = next(open); name !== null; name = next(open)) yield name;
  } finally {
    open.closeSync();
  }
}

function next(open: Dir): string | null {
  return orNull(() => open.readSync())?.name ?? null;
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (PASSED_OVER.includes(errnoOf(error) ?? '')) return null;
    throw error;
  }
}
