/** Finds what an attempt has left: whatever the job put there, nothing is followed and nothing blocks. */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { globMatcher } from '../../../core/archive/glob.js';
import type { SkippedFile, SkipReason } from '../../../core/archive/manifest.js';
import { errorCode } from '../staging/staging.js';

/** Most entries of one kind that a manifest names. */
const MOST_NAMED = 1_000;
/** Characters of all paths, so that a manifest can be read in one piece. */
const MOST_PATH_CHARACTERS = 16 * 1024 * 1024;
/** First in the archive, whatever else there is. */
const OUTPUT = ['stdout', 'stderr', 'run'];
/** Failures to read that mean the same the next time. */
const THE_JOBS_DOING = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG']);
/** What a name that is no UTF-8 reads as. */
const REPLACEMENT = '\uFFFD';

/** What is left out. */
export interface Exclusion {
  /** Patterns. */
  readonly globs: readonly string[];
  /** Paths as they are. */
  readonly paths: readonly string[];
}

/** A regular file. */
export interface FoundFile {
  /** Below the attempt's folder. */
  readonly path: string;
  /** At that time. */
  readonly sizeBytes: number;
}

/** What was found. */
export interface FoundFiles {
  /** The output first, then by folder. */
  readonly files: readonly FoundFile[];
  readonly skipped: SkippedList;
}

/** Options of `findFiles`. */
export interface FindFilesOptions {
  /** The attempt's folder. */
  readonly root: string;
  readonly exclude: Exclusion;
  readonly mostFiles: number;
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

/** What was left out: the first by name, the rest by number. */
export class SkippedList {
  readonly named: SkippedFile[] = [];
  count = 0;

  add(path: string, reason: SkipReason): void {
    this.count += 1;
    if (this.named.length < MOST_NAMED) this.named.push({ path, reason });
  }
}

/** Files to archive, within the limits. */
export async function findFiles(options: FindFilesOptions): Promise<FoundFiles> {
  const { root, signal, mostFiles, mostBytes } = options;
  const excluded = exclusionTest(options.exclude);
  const skipped = new SkippedList();
  const files: FoundFile[] = [];
  let bytes = 0;
  let pathCharacters = 0;
  const folders = [''];
  for (const folder of folders) {
    signal.throwIfAborted();
    for (const entry of await entriesOf(root, folder, skipped)) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (excluded(path)) continue;
      if (entry.isDirectory()) {
        folders.push(path);
        continue;
      }
      const full = files.length >= mostFiles || pathCharacters > MOST_PATH_CHARACTERS;
      const size = entry.isFile() ? await sizeOf(root, path) : null;
      const reason = skipReasonOf(entry, { size, full, room: mostBytes - bytes });
      if (reason === null) {
        files.push({ path, sizeBytes: size ?? 0 });
        bytes += size ?? 0;
        pathCharacters += path.length;
      } else skipped.add(path, reason);
    }
  }
  return { files, skipped };
}

function skipReasonOf(
  entry: Dirent,
  limits: { readonly size: number | null; readonly full: boolean; readonly room: number },
): SkipReason | null {
  if (entry.isSymbolicLink()) return 'link';
  if (!entry.isFile()) return 'special';
  if (limits.size === null) return entry.name.includes(REPLACEMENT) ? 'name' : 'unreadable';
  if (limits.full) return 'count';
  return limits.size > limits.room ? 'size' : null;
}

function exclusionTest({ globs, paths }: Exclusion): (path: string) => boolean {
  const matches = globMatcher(globs);
  const exact = new Set(paths);
  return (path) => exact.has(path) || matches(path);
}

async function entriesOf(root: string, folder: string, skipped: SkippedList): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    const rank = (name: string): number => (folder === '' && OUTPUT.includes(name) ? 0 : 1);
    return entries.sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (!THE_JOBS_DOING.has(errorCode(error) ?? '')) throw error;
    if (folder !== '') skipped.add(folder, folder.includes(REPLACEMENT) ? 'name' : 'unreadable');
    return [];
  }
}

async function sizeOf(root: string, path: string): Promise<number | null> {
  const found = await lstat(join(root, path)).catch(() => null);
  return found === null || !found.isFile() ? null : found.size;
}
