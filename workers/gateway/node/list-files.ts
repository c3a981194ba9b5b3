/** Lists the regular files of an attempt's folder. Links are neither followed nor listed. */
import { lstatSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../../core/errors/system-error.js';
import { breathe } from '../breathe.js';
import { resolveInside } from './open-file.js';

/** Most files of a page, by the contract. */
export const MOST_FILES = 10_000;
/** Most characters of all their paths, so that the page fits into a message. */
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

/** Which files are wanted. */
export interface ListRange {
  /** Below the attempt's folder; empty for all. */
  readonly folder: string;
  /** Only paths that sort behind it. Default: all. */
  readonly after?: string;
  /** Most files. Default and most: `MOST_FILES`. */
  readonly limit?: number;
}

/** A part of the files, by path. */
export interface ListedFiles {
  readonly files: readonly FoundFile[];
  /** Whether there are more behind the last one. */
  readonly more: boolean;
  /** Whether there may be files that no part has: not all entries were looked at. */
  readonly cut: boolean;
}

/** Lists files of an attempt. */
export async function listFiles(root: string, range: ListRange): Promise<ListedFiles> {
  const { paths, more, cut } = await findPaths(root, range);
  const files: FoundFile[] = [];
  for (let done = 0; done < paths.length; done += BATCH) {
    // Synchronously: ten thousand calls in the thread pool would keep everybody else's waiting.
    files.push(...paths.slice(done, done + BATCH).flatMap((path) => describe(root, path)));
    await breathe();
  }
  return { files, more, cut };
}

/** Folder by folder, the upper ones first. */
async function findPaths(root: string, { folder, after = '', limit = MOST_FILES }: ListRange) {
  const first = new FirstPaths(limit);
  const folders = [folder];
  let entries = 0;
  for (let next = folders.shift(); next !== undefined; next = folders.shift()) {
    for await (const entry of entriesOf(root, next)) {
      entries += 1;
      if (entries > MOST_ENTRIES) return { ...first.take(), cut: true };
      const path = next === '' ? entry.name : `${next}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() && path > after) first.add(path);
    }
  }
  return { ...first.take(), cut: false };
}

/** The first of any number of paths, in their order; holds a few times as many at most. */
class FirstPaths {
  private paths: string[] = [];
  private more = false;

  constructor(private readonly most: number) {}

  add(path: string): void {
    this.paths.push(path);
    if (this.paths.length > 2 * this.most) this.cut();
  }

  take(): { readonly paths: readonly string[]; readonly more: boolean } {
    this.cut();
    return { paths: this.paths, more: this.more };
  }

  private cut(): void {
    this.paths.sort();
    let characters = 0;
    // The first one always: a page without files would be the last.
    const kept = this.paths.filter((path, index) => {
      characters += path.length;
      return index === 0 || (index < this.most && characters <= MOST_CHARACTERS);
    });
    this.more ||= kept.length < this.paths.length;
    this.paths = kept;
  }
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
