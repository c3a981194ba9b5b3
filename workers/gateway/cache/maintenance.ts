/** The cache as an operator sees it; safe beside a worker that uses it. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { isErrno } from '../../../core/errors/system-error.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import { shownUri } from '../../../core/ports/fetcher.js';
import { CacheFolder, cacheFolderOf, type StoredEntry } from './cache-folder.js';
import { chooseVictims } from './eviction.js';

/** A file in the cache. */
export interface CachedFile {
  /** Without its password. */
  readonly uri: string;
  readonly sizeBytes: number;
  readonly version: string | null;
  /** Of the content, hexadecimal. */
  readonly sha256: string;
  /** Milliseconds since the epoch; to the minute. */
  readonly usedAt: number;
  /** Whether folders of jobs link to it. */
  readonly linked: boolean;
}

/** All files, the one that was used last first. Rejects with `NOT_FOUND` when the state folder has no cache, as the others do. */
export async function listCache(stateFolder: string): Promise<readonly CachedFile[]> {
  const stored = await (await openExisting(stateFolder)).list();
  return shown(stored).sort((a, b) => b.usedAt - a.usedAt);
}

/** Reads every file and removes those whose content is not what was fetched; how many are good, and what was removed. */
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
  return { good: stored.length - broken.length, removed: shown(broken) };
}

/** Removes least used files, down to `keepBytes`; those that folders of jobs link to stay: they would take their place on the disk all the same. */
export async function pruneCache(stateFolder: string, keepBytes: number): Promise<readonly CachedFile[]> {
  const folder = await openExisting(stateFolder);
  const files = (await folder.list()).map((stored) => {
    const { key, sizeBytes } = stored.entry;
    return { ...stored, key, sizeBytes, inUse: stored.linked };
  });
  const victims = chooseVictims(files, keepBytes);
  for (const { entry } of victims) folder.remove(entry);
  return shown(victims);
}

async function openExisting(stateFolder: string): Promise<CacheFolder> {
  const folder = cacheFolderOf(stateFolder);
  if (existsSync(folder)) return CacheFolder.open(folder);
  throw new MaridError('NOT_FOUND', `There is no cache in ${stateFolder}; name a worker's folder by --state-folder.`);
}

function shown(stored: readonly StoredEntry[]): CachedFile[] {
  return stored.map(({ entry: { uri, sizeBytes, version, sha256 }, usedAt, linked }) => ({
    ...{ uri: shownUri(uri), sizeBytes, version, sha256, usedAt, linked },
  }));
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
