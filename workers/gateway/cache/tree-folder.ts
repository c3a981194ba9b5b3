/** Unpacked archives on disk: `<key>.<bytes>`, and beside it, written after it, a JSON file that says what it is of. */
import { lstatSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { shownUri } from '../../../core/ports/fetcher.js';
import { isErrno } from '../../../core/errors/system-error.js';
import { TREE_TIME_S } from '../unpack/tree-writer.js';

const TREE = /^([0-9a-f]{40})\.(\d+)$/;
/** Uses are noted to the minute. */
const MINUTE_MS = 60_000;
const nameSchema = z.object({ uri: z.string() });

/** An unpacked archive, as its files tell. */
export interface StoredTree {
  readonly key: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** When a job last got it, milliseconds since the epoch; to the minute. */
  readonly usedAt: number;
}

/** Where the trees of a cache are. */
export function treesFolderOf(cacheFolder: string): string {
  return join(cacheFolder, 'trees');
}

/** The tree of a name in the folder; `null` when it is none. */
export async function readTree(folder: string, name: string): Promise<StoredTree | null> {
  const [, key, size] = TREE.exec(name) ?? [];
  if (key === undefined) return null;
  const path = join(folder, name);
  const found = await stat(path).catch(() => null); // another process has removed it
  return found === null ? null : { key, path, sizeBytes: Number(size), usedAt: found.mtimeMs };
}

/** All trees. */
export async function listTrees(folder: string): Promise<readonly StoredTree[]> {
  const found = await Promise.all(namesIn(folder).map((name) => readTree(folder, name)));
  return found.filter((tree) => tree !== null);
}

/** Notes what a tree is of, for people. */
export function nameTree(path: string, uri: string): void {
  writeFileSync(`${path}.json`, JSON.stringify({ uri: shownUri(uri) }), { mode: 0o600 });
}

/** URI of the archive, without its password; `null`: it was not noted. */
export function uriOfTree({ path }: StoredTree): string | null {
  try {
    return nameSchema.parse(JSON.parse(readFileSync(`${path}.json`, 'utf8'))).uri;
  } catch {
    return null;
  }
}

/** Notes a use, unless one was noted within the last minute. */
export function touchTree({ path, usedAt }: Pick<StoredTree, 'path' | 'usedAt'>, now: number): void {
  if (now - usedAt >= MINUTE_MS) utimesSync(path, now / 1000, now / 1000);
}

/** Removes a tree; jobs keep what was linked. */
export async function removeTreeAt(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await rm(`${path}.json`, { force: true });
}

/** What can be seen of the files of a tree without reading them: whether nobody has written to one, and whether folders of jobs link to one. */
export function lookAtTree({ path }: StoredTree): { readonly good: boolean; readonly linked: boolean } {
  let [good, linked] = [true, false];
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of namesIn(folder)) {
      const found = lstatSync(join(folder, entry), { throwIfNoEntry: false });
      if (found?.isDirectory() === true) folders.push(join(folder, entry));
      else if (found !== undefined) {
        good &&= found.mtimeMs === TREE_TIME_S * 1000;
        linked ||= found.nlink > 1;
      }
    }
  }
  return { good, linked };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
