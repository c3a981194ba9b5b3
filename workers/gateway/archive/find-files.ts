/** Finds what an attempt has left: whatever the job put there, nothing is followed and nothing blocks. */
import { lstatSync, readdirSync, realpathSync, type Dirent, type Stats } from 'node:fs';
import { join } from 'node:path';
import { globMatcher } from '../../../core/archive/glob.js';
import type { SkippedFile, SkipReason } from '../../../core/archive/manifest.js';
import { breathe } from '../breathe.js';
import { unlessItsDoing } from './open-plain.js';

/** Most entries of one kind that a manifest names. */
const MOST_NAMED = 1_000;
/** Characters of all paths, so that a manifest can be read in one piece. */
const MOST_PATH_CHARACTERS = 16 * 1024 * 1024;
/** First in the archive, whatever else there is. */
const OUTPUT = ['stdout', 'stderr', 'run'];
/** What a name that is no UTF-8 reads as. */
const REPLACEMENT = '\uFFFD';
/** Entries after which others of this process come to their turn. */
const BREATH = 200;

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
  /** When it was found. */
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** What was found. */
export interface FoundFiles {
  /** The attempt's folder, without links. */
  readonly root: string;
  /** The output first, then by folder. */
  readonly files: readonly FoundFile[];
  readonly sizeBytes: number;
  readonly skipped: SkippedList;
}

/** Options of `findFiles`. */
export interface FindFilesOptions {
  /** The attempt's folder. */
  readonly root: string;
  /** By `exclusionTest`. */
  readonly excluded: (path: string) => boolean;
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

/** Files to archive, within the limits; `null`: there is no folder. */
export async function findFiles(options: FindFilesOptions): Promise<FoundFiles | null> {
  const { excluded, signal, mostFiles, mostBytes } = options;
  const root = unlessItsDoing(() => realpathSync.native(options.root));
  if (root === null) return null;
  const skipped = new SkippedList();
  const files: FoundFile[] = [];
  let sizeBytes = 0;
  let pathCharacters = 0;
  let looked = 0;
  const folders = [''];
  for (const folder of folders) {
    signal.throwIfAborted();
    for (const entry of entriesOf(root, folder, skipped)) {
      looked += 1;
      if (looked % BREATH === 0) await breathe();
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (excluded(path)) continue;
      if (entry.isDirectory()) {
        folders.push(path);
        continue;
      }
      const full = files.length >= mostFiles || pathCharacters > MOST_PATH_CHARACTERS;
      const found = entry.isFile() ? look(root, path) : null;
      const reason = skipReasonOf(entry, { size: found?.size ?? null, full, room: mostBytes - sizeBytes });
      if (found === null || reason !== null) {
        skipped.add(path, reason ?? 'unreadable');
        continue;
      }
      files.push({ path, sizeBytes: found.size, modifiedAt: Math.floor(found.mtimeMs) });
      sizeBytes += found.size;
      pathCharacters += path.length;
    }
  }
  return { root, files, sizeBytes, skipped };
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

/** Whether a path is left out. A folder whose every content is left out is not looked into. */
export function exclusionTest({ globs, paths }: Exclusion): (path: string) => boolean {
  const below = '/**';
  const whole = globs.filter((glob) => glob.endsWith(below)).map((glob) => glob.slice(0, -below.length));
  const matches = globMatcher([...globs, ...whole.filter((glob) => glob !== '')]);
  const exact = new Set(paths);
  return (path) => exact.has(path) || matches(path);
}

function entriesOf(root: string, folder: string, skipped: SkippedList): readonly Dirent[] {
  const entries = unlessItsDoing(() => readdirSync(join(root, folder), { withFileTypes: true }));
  if (entries === null) {
    if (folder !== '') skipped.add(folder, folder.includes(REPLACEMENT) ? 'name' : 'unreadable');
    return [];
  }
  const rank = (name: string): number => (folder === '' && OUTPUT.includes(name) ? 0 : 1);
  return entries.sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

function look(root: string, path: string): Stats | null {
  const found = unlessItsDoing(() => lstatSync(join(root, path)));
  return found?.isFile() === true ? found : null;
}
