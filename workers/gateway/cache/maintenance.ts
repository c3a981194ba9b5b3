/** The cache as an operator sees it; safe beside a worker that uses it. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { isErrno } from '../../../core/errors/system-error.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import { shownUri } from '../../../core/ports/fetcher.js';
import { CacheFolder, cacheFolderOf, type StoredEntry } from './cache-folder.js';
import { chooseVictims } from './eviction.js';
import { listTrees, lookAtTree, removeTreeAt, treesFolderOf, uriOfTree, type StoredTree } from './tree-folder.js';

/** A file in the cache, or an archive that was unpacked from one. */
export interface CachedFile {
  /** Without its password. */
  readonly uri: string;
  readonly sizeBytes: number;
  readonly version: string | null;
  /** Of the content, hexadecimal; `null` of an unpacked archive. */
  readonly sha256: string | null;
  /** Milliseconds since the epoch; to the minute. */
  readonly usedAt: number;
  /** Whether folders of jobs link to it. */
  readonly linked: boolean;
  /** Whether it is an unpacked archive. */
  readonly unpacked: boolean;
}

/** All files and unpacked archives, the one that was used last first. Rejects with `NOT_FOUND` when the state folder has no cache, as the others do. */
export async function listCache(stateFolder: string): Promise<readonly CachedFile[]> {
  const stored = await (await openExisting(stateFolder)).list();
  const trees = await listTrees(treesFolderOf(cacheFolderOf(stateFolder)));
  return [...shown(stored), ...trees.map(shownTree)].sort((a, b) => b.usedAt - a.usedAt);
}

/** Reads every file and removes those whose content is not what was fetched, and unpacked archives that somebody has written to; how many are good, and what was removed. */
export async function verifyCache(
  stateFolder: string,
): Promise<{ readonly good: number; readonly removed: readonly CachedFile[] }> {
  const folder = await openExisting(stateFolder);
  const stored = await folder.list();
  const broken: StoredEntry[] = [];
  for (const each of stored) {
    if ((await hashOf(folder.path(each.entry))) !== each.entry.sha256) broken.push(each);
  }
  for (const { entry } of broken) folder.remove(entry);
  const trees = await listTrees(treesFolderOf(cacheFolderOf(stateFolder)));
  const changed = trees.filter((tree) => !lookAtTree(tree).good);
  const removed = [...shown(broken), ...changed.map(shownTree)];
  for (const { path } of changed) await removeTreeAt(path);
  return { good: stored.length + trees.length - removed.length, removed };
}

/** Removes least used files and unpacked archives, each kind down to `keepBytes`, as a worker does; those that folders of jobs link to stay: they would take their place on the disk all the same. */
export async function pruneCache(stateFolder: string, keepBytes: number): Promise<readonly CachedFile[]> {
  const folder = await openExisting(stateFolder);
  const files = (await folder.list()).map((stored) => {
    const { key, sizeBytes } = stored.entry;
    return { ...stored, key, sizeBytes, inUse: stored.linked };
  });
  const victims = chooseVictims(files, keepBytes);
  for (const { entry } of victims) folder.remove(entry);
  const trees = (await listTrees(treesFolderOf(cacheFolderOf(stateFolder)))).map((tree) => {
    const { linked } = lookAtTree(tree);
    return { ...tree, linked, inUse: linked };
  });
  const oldTrees = chooseVictims(trees, keepBytes);
  const removed = [...shown(victims), ...oldTrees.map(shownTree)];
  for (const { path } of oldTrees) await removeTreeAt(path);
  return removed;
}

async function openExisting(stateFolder: string): Promise<CacheFolder> {
  const folder = cacheFolderOf(stateFolder);
  if (existsSync(folder)) return CacheFolder.open(folder);
  throw new MaridError('NOT_FOUND', `There is no cache in ${stateFolder}; name a worker's folder by --state-folder.`);
}

function shown(stored: readonly StoredEntry[]): CachedFile[] {
  return stored.map(({ entry: { uri, sizeBytes, version, sha256 }, usedAt, linked }) => ({
    ...{ uri: shownUri(uri), sizeBytes, version, sha256, usedAt, linked, unpacked: false },
  }));
}

function shownTree(tree: StoredTree): CachedFile {
  const { sizeBytes, usedAt } = tree;
  const uri = uriOfTree(tree) ?? '(of an earlier version)';
  return { uri, sizeBytes, usedAt, version: null, sha256: null, linked: lookAtTree(tree).linked, unpacked: true };
}

/** Empty when the file is not there any more. */
async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}
