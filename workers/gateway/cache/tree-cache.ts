/**
 * Unpacked archives of the node, `trees/<key>.<bytes>` in the cache's folder: each version of an archive is unpacked once, whatever the number of jobs that want it, and its
 * files are linked into each, read-only. A tree appears whole, by a rename. Jobs keep what was linked, so that any tree may leave at any time.
 *
 * States of a tree: absent -> being unpacked (one flight; those who want it wait for that) -> present -> absent, when it is evicted, or somebody has written to a file of it.
 */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errnoOf, isErrno } from '../../../core/errors/system-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import { TREE_TIME_S } from '../unpack/tree-writer.js';
import { unpackArchive } from '../unpack/unpack.js';
import type { UnpackLimits } from '../unpack/unpack-meter.js';
import { isAlive } from './cache-folder.js';
import { chooseVictims } from './eviction.js';
import { Flights } from './flights.js';
import { copyObject, placeObjectNow } from './place-object.js';
import { nameTree, readTree, removeTreeAt, touchTree, treesFolderOf, type StoredTree } from './tree-folder.js';

const MIB = 1024 * 1024;
/** How often a tree that vanishes while it is linked is looked for again. */
const ROUNDS = 3;
/** The cache has no room, or cannot be written to. */
const NO_ROOM: readonly (string | null)[] = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'ENOENT', 'ENOTDIR'];
const PARTIAL = /^(\d+)-\d+\.partial$/;

/** What the configuration says. */
export interface TreeSettings {
  /** MiB that the trees may have in all, as much as the files; 0: nothing is kept. */
  readonly cacheMaxMb: number;
  readonly unpackMaxFiles: number;
  readonly unpackMaxMb: number;
  readonly unpackMaxRatio: number;
}

/** Options of `TreeCache.open`. */
export interface TreeCacheOptions {
  /** Of the whole cache, absolute. */
  readonly folder: string;
  readonly settings: TreeSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An archive and the place of its files. */
export interface TreePlacement {
  readonly uri: string;
  /** Where the archive is, absolute. */
  readonly archive: string;
  /** Absolute; nothing is there yet. */
  readonly target: string;
}

type Tree = Pick<StoredTree, 'path' | 'sizeBytes'> & { usedAt: number };

export class TreeCache {
  readonly #options: TreeCacheOptions;
  readonly #folder: string;
  readonly #trees = new Map<string, Tree>();
  readonly #flights = new Flights<Tree | null>();
  #partials = 0;

  private constructor(options: TreeCacheOptions) {
    this.#options = options;
    this.#folder = treesFolderOf(options.folder);
  }

  /** Reads what is there, and removes what killed processes have left. */
  static async open(options: TreeCacheOptions): Promise<TreeCache> {
    const cache = new TreeCache(options);
    await mkdir(cache.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(cache.#folder)) await cache.#read(name);
    return cache;
  }

  /** Unpacks an archive to its place. Rejects with `ArchiveError`, with an error of the file system, or with anything when the signal aborts. */
  async place(placement: TreePlacement, signal: AbortSignal): Promise<void> {
    const key = await keyOf(placement);
    for (let round = 0; round < ROUNDS && this.#options.settings.cacheMaxMb > 0; round += 1) {
      const unpack = (ended: AbortSignal): Promise<Tree | null> => this.#unpack(key, placement, ended);
      const tree = this.#trees.get(key) ?? (await this.#flights.join(key, signal, unpack));
      if (tree === null) break;
      if (await this.#link(tree, placement.target, signal)) return;
      this.#options.logger.warn(
        { tree: tree.path },
        'an unpacked archive was changed or removed; it is unpacked again',
      );
      await Promise.all([this.#remove(key, tree), rm(placement.target, { recursive: true, force: true })]);
    }
    await this.#unpackTo(placement.target, placement, signal);
  }

  async #read(name: string): Promise<void> {
    const owner = PARTIAL.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) {
      await rm(join(this.#folder, name), { recursive: true, force: true });
    }
    const tree = await readTree(this.#folder, name);
    if (tree !== null) this.#trees.set(tree.key, { ...tree });
  }

  /** Null when the cache cannot take it. */
  async #unpack(key: string, placement: TreePlacement, signal: AbortSignal): Promise<Tree | null> {
    const { clock, settings, logger } = this.#options;
    const partial = join(this.#folder, `${process.pid}-${(this.#partials += 1)}.partial`);
    try {
      const sizeBytes = await this.#unpackTo(partial, placement, signal);
      if (sizeBytes > settings.cacheMaxMb * MIB) return null;
      const path = join(this.#folder, `${key}.${sizeBytes}`);
      await rename(partial, path).catch((error: unknown) => {
        if (!existsSync(path)) throw error; // another process was faster
      });
      nameTree(path, placement.uri);
      const tree = { path, sizeBytes, usedAt: clock.now() };
      this.#trees.set(key, tree);
      await this.#evict(key);
      return tree;
    } catch (error) {
      if (!NO_ROOM.includes(errnoOf(error))) throw error;
      logger.warn({ error }, 'an unpacked archive cannot be cached; each job gets a copy of its own');
      return null;
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }

  #unpackTo(folder: string, { archive }: TreePlacement, signal: AbortSignal): Promise<number> {
    const { unpackMaxFiles, unpackMaxMb, unpackMaxRatio } = this.#options.settings;
    const limits: UnpackLimits = {
      mostEntries: unpackMaxFiles,
      mostBytes: unpackMaxMb * MIB,
      mostRatio: unpackMaxRatio,
    };
    return unpackArchive({ path: archive, name: basename(archive), folder, limits, signal });
  }

  /** False when it is not there any more as it was unpacked. One folder at a time, so that others get their turn. */
  async #link(tree: Tree, target: string, signal: AbortSignal): Promise<boolean> {
    const now = this.#options.clock.now();
    try {
      touchTree(tree, now);
      tree.usedAt = now;
      const folders = [''];
      for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
        signal.throwIfAborted();
        mkdirSync(join(target, folder));
        for (const entry of readdirSync(join(tree.path, folder), { withFileTypes: true })) {
          const path = join(folder, entry.name);
          if (entry.isDirectory()) folders.push(path);
          else if (!(await linkFile(join(tree.path, path), join(target, path)))) return false;
        }
      }
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOENT') && existsSync(join(target, '..'))) return false;
      throw error;
    }
  }

  async #evict(newest: string): Promise<void> {
    const files = [...this.#trees].map(([key, { sizeBytes, usedAt }]) => ({
      ...{ key, sizeBytes, usedAt, linked: false, inUse: key === newest },
    }));
    for (const { key } of chooseVictims(files, this.#options.settings.cacheMaxMb * MIB)) {
      const tree = this.#trees.get(key);
      if (tree !== undefined) await this.#remove(key, tree);
    }
  }

  async #remove(key: string, tree: Tree): Promise<void> {
    if (this.#trees.get(key) === tree) this.#trees.delete(key);
    await removeTreeAt(tree.path);
  }
}

/** Of one version of an archive: what the cache of files links has the time at which it came. */
async function keyOf({ uri, archive }: TreePlacement): Promise<string> {
  const { size, mtimeMs } = await stat(archive);
  return createHash('sha256')
    .update(JSON.stringify([uri, size, mtimeMs]))
    .digest('hex')
    .slice(0, 40);
}

/** False when somebody has written to it. */
async function linkFile(object: string, target: string): Promise<boolean> {
  const { mtimeMs, size: sizeBytes, mode } = lstatSync(object);
  if (mtimeMs !== TREE_TIME_S * 1000) return false;
  const placement = { object, target, writable: false, entry: { sizeBytes, executable: (mode & 0o111) !== 0 } };
  if (!placeObjectNow(placement)) await copyObject(placement);
  return true;
}
