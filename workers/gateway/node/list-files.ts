/** Lists the regular files of an attempt's folder. Links are neither followed nor listed. */
import { lstatSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../../core/errors/system-error.js';
import { resolveInside } from './open-file.js';

/** Most files that a list holds, by the contract. */
export const MOST_FILES = 10_000;
/** Most characters of all their paths, so that the list fits into a message. */
const MOST_CHARACTERS = 4_000_000;
/** Most entries that are looked at: a job may have made millions, of empty folders too. */
const MOST_ENTRIES = 200_000;
/** Files that are described between two turns of the event loop. */
const BATCH = 200;

/** A file of an attempt. */
export interface FoundFile {
  /** Below the attempt's folder. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** Files by path, at most `MOST_FILES`; `truncated` when there are more. `folder` is below `root`, empty for all. */
export async function listFiles(
  root: string,
  folder: string,
): Promise<{ readonly files: readonly FoundFile[]; readonly truncated: boolean }> {
  const { paths, truncated } = await findPaths(root, folder);
  const files: FoundFile[] = [];
  paths.sort();
  for (let done = 0; done < paths.length; done += BATCH) {
    // Synchronously: ten thousand calls in the thread pool would keep everybody else's waiting.
    files.push(...paths.slice(done, done + BATCH).flatMap((path) => describe(root, path)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { files, truncated };
}

/** Folder by folder, the upper ones first. */
async function findPaths(root: string, folder: string): Promise<{ readonly paths: string[]; truncated: boolean }> {
  const paths: string[] = [];
  const folders = [folder];
  let [entries, characters] = [0, 0];
  for (let next = folders.shift(); next !== undefined; next = folders.shift()) {
    for await (const entry of entriesOf(root, next)) {
      entries += 1;
      if (entries > MOST_ENTRIES) return { paths, truncated: true };
      const path = next === '' ? entry.name : `${next}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      if (!entry.isFile()) continue;
      characters += path.length;
      if (paths.length === MOST_FILES || characters > MOST_CHARACTERS) return { paths, truncated: true };
      paths.push(path);
    }
  }
  return { paths, truncated: false };
}

/** The entries of a folder, some at a time: it may have more than fit into memory. */
async function* entriesOf(root: string, folder: string) {
  try {
    const path = await resolveInside(root, folder);
    if (path !== null) yield* await opendir(path, { bufferSize: 1024 });
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) throw error;
  }
}

/** Nothing when it is gone by now. */
function describe(root: string, path: string): readonly FoundFile[] {
  try {
    const found = lstatSync(join(root, path));
    return found.isFile() ? [{ path, sizeBytes: found.size, modifiedAt: Math.floor(found.mtimeMs) }] : [];
  } catch {
    return [];
  }
}
