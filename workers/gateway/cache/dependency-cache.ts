/**
 * Brings files to their places in job folders, by way of the node's cache: each version of a URI is fetched once, whatever the number of jobs that want
 * it at the same time, and linked into each.
 *
 * States of a URI: unknown -> being looked at (one flight, which compares versions or fetches; those who want it wait for that) -> known, and for a while
 * fresh. A file that the cache cannot take (too large, its disk full or not writable) goes straight to the job's folder.
 */
import { chmod, rename, rm } from 'node:fs/promises';
import { errnoOf, isErrno } from '../../../core/errors/system-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import { FetchError, isFetchError, shownUri, type Fetcher, type Fetchers } from '../../../core/ports/fetcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { CacheEntry } from './cache-entry.js';
import { CacheFolder } from './cache-folder.js';
import { Download, type DownloadOptions } from './download.js';
import { chooseVictims } from './eviction.js';
import { Flights } from './flights.js';
import { copyObject, ownMode, placeObjectNow } from './place-object.js';

const MIB = 1024 * 1024;
/** Times of use are written down this often for each file, in milliseconds. */
const TOUCH_MS = 60_000;
/** An object is looked at again after so long, in milliseconds: jobs that write to it would change those of others in any case. */
const INTACT_MS = 1_000;
/** How often an entry that vanishes just before it is linked is looked for again. */
const ROUNDS = 3;
/** The cache cannot be written to. */
const NO_ROOM: readonly (string | null)[] = [
  ...['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'ENOENT', 'ENOTDIR'],
];

/** What the configuration says. */
export interface CacheSettings {
  /** MiB that the cache may hold; 0: nothing is kept. */
  readonly cacheMaxMb: number;
  /** Milliseconds for which what came from the network is used without asking its source again. */
  readonly cacheFreshMs: number;
  /** MiB that one file may have. */
  readonly fetchMaxFileMb: number;
  readonly fetchTries: number;
  /** Milliseconds for one file, all tries together. */
  readonly fetchTimeoutMs: number;
}

/** Options of `DependencyCache`. */
export interface DependencyCacheOptions {
  /** Where it is, absolute; made when it is missing. */
  readonly folder: string;
  readonly fetchers: Fetchers;
  readonly settings: CacheSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** One file and its place. */
export interface Placement {
  /** Without a fragment. */
  readonly uri: string;
  /** Absolute; nothing is there yet. */
  readonly target: string;
  /** Whether the job gets a copy of its own to write to; otherwise the file is shared and read-only. */
  readonly writable: boolean;
}

/** An entry in memory. */
interface Known {
  readonly entry: CacheEntry;
  /** Path of its object. */
  readonly object: string;
  /** By the monotonic clock, when its source last said that it is current. */
  checkedAt: number;
  /** By the monotonic clock, when its object was last seen as it was written. */
  intactAt: number;
  usedAt: number;
  touchedAt: number;
}

export class DependencyCache {
  readonly #options: DependencyCacheOptions;
  readonly #folder: CacheFolder;
  readonly #known = new Map<string, Known>();
  readonly #flights = new Flights<Known | null>();
  /** URIs that attempts use which have not ended. */
  #inUse: () => ReadonlySet<string> = () => new Set();

  private constructor(options: DependencyCacheOptions, folder: CacheFolder) {
    this.#options = options;
    this.#folder = folder;
  }

  /** Reads what is there. */
  static async open(options: DependencyCacheOptions): Promise<DependencyCache> {
    const folder = await CacheFolder.open(options.folder);
    const cache = new DependencyCache(options, folder);
    await folder.sweep(options.clock.now());
    const stored = [...(await folder.list())].sort((a, b) => a.entry.fetchedAt - b.entry.fetchedAt);
    for (const { entry, usedAt } of stored) {
      const times = { checkedAt: -Infinity, intactAt: -Infinity, usedAt, touchedAt: usedAt };
      cache.#known.set(entry.uri, { entry, object: folder.path(entry), ...times });
    }
    return cache;
  }

  /** Tells who knows which URIs are in use; they are not evicted. */
  protect(inUse: () => ReadonlySet<string>): void {
    this.#inUse = inUse;
  }

  /** Places a file that is known and fresh, without waiting for anything. False when it has to be waited for: `place` does. */
  placeNow(placement: Placement): boolean {
    const known = this.#fresh(placement.uri);
    return known !== null && this.#put(known, placement) === 'placed';
  }

  /** Places a file. Rejects with `FetchError`, or with an error of the file system; with anything when the signal aborts. */
  async place(placement: Placement, signal: AbortSignal): Promise<void> {
    const { uri } = placement;
    const fetcher = await this.#fetcherOf(uri);
    for (let round = 0; round < ROUNDS && this.#options.settings.cacheMaxMb > 0; round += 1) {
      const look = (ended: AbortSignal): Promise<Known | null> => this.#look(uri, fetcher, ended);
      const known = this.#fresh(uri) ?? (await this.#flights.join(uri, signal, look));
      if (known === null) break;
      const put = this.#put(known, placement);
      if (put === 'placed' || (put === 'large' && (await this.#copy(known, placement)))) return;
    }
    await this.#placeDirectly(placement, fetcher, signal);
  }

  async #fetcherOf(uri: string): Promise<Fetcher> {
    const { fetchers } = this.#options;
    const shown = shownUri(uri);
    if (!URL.canParse(uri)) throw new FetchError('INVALID_URI', `${JSON.stringify(shown)} is not a URI.`, false);
    const { protocol } = new URL(uri);
    const fetcher = await fetchers.forScheme(protocol.slice(0, -1));
    if (fetcher !== null) return fetcher;
    const known = fetchers.schemes.map((scheme) => `${scheme}:`).join(', ');
    const text = `The file ${shown} cannot be fetched: this worker fetches ${known} URIs only, not ${protocol}.`;
    throw new FetchError('UNSUPPORTED_URI', text, false);
  }

  /** What is known of a URI, if its source has said lately that it is current. Files of this machine can be asked each time. */
  #fresh(uri: string): Known | null {
    const { clock, settings } = this.#options;
    const known = this.#known.get(uri);
    if (known === undefined || uri.startsWith('file:')) return null;
    return clock.monotonic() - known.checkedAt < settings.cacheFreshMs ? known : null;
  }

  /** Finds out whether what is known is current, and fetches it if not. Null when the cache cannot take it. */
  async #look(uri: string, fetcher: Fetcher, signal: AbortSignal): Promise<Known | null> {
    const { settings, clock, logger } = this.#options;
    const folder = this.#folder;
    const known = this.#intact(uri);
    const path = folder.newPartial();
    const askedAt = clock.monotonic();
    const mostBytes = Math.min(settings.cacheMaxMb, settings.fetchMaxFileMb) * MIB;
    try {
      const held = known?.entry.version ?? null;
      const got = await this.#download({ uri, fetcher, held, path, mostBytes, signal });
      if (got === null && known !== null) return Object.assign(known, { checkedAt: askedAt });
      if (got === null) return null;
      return this.#keep(await folder.publish(path, { ...got, uri, fetchedAt: clock.now() }), askedAt);
    } catch (error) {
      if (!isForJobOnly(error, mostBytes < settings.fetchMaxFileMb * MIB)) throw error;
      logger.warn({ uri: shownUri(uri), error }, 'a file cannot be cached; each job gets a copy of its own');
      return null;
    } finally {
      await rm(path, { force: true }).catch(() => undefined); // not even that: the next start sweeps it
    }
  }

  #download(parts: Pick<DownloadOptions, 'uri' | 'fetcher' | 'held' | 'path' | 'mostBytes' | 'signal'>) {
    const { settings, clock, random, logger } = this.#options;
    const { fetchTries: tries, fetchTimeoutMs: timeoutMs } = settings;
    return new Download({ ...parts, tries, timeoutMs, clock, random, logger }).run();
  }

  #keep(entry: CacheEntry, checkedAt: number): Known {
    const folder = this.#folder;
    const before = this.#known.get(entry.uri);
    if (before !== undefined && before.entry.key !== entry.key) folder.remove(before.entry);
    const now = this.#options.clock.now();
    const times = { checkedAt, intactAt: checkedAt, usedAt: now, touchedAt: now };
    const known = { entry, object: folder.path(entry), ...times };
    this.#known.set(entry.uri, known);
    this.#evict(entry.uri);
    return known;
  }

  /** Makes room, but for what is used and for what has just come. */
  #evict(newest: string): void {
    const { settings, logger } = this.#options;
    const all = [...this.#known.values()];
    if (all.reduce((sum, { entry }) => sum + entry.sizeBytes, 0) <= settings.cacheMaxMb * MIB) return;
    const used = this.#inUse();
    const files = all.map(({ entry, usedAt }) => ({
      ...{ key: entry.key, sizeBytes: entry.sizeBytes, usedAt, linked: this.#folder.isLinked(entry), entry },
      inUse: entry.uri === newest || used.has(entry.uri),
    }));
    const victims = chooseVictims(files, settings.cacheMaxMb * MIB);
    for (const { entry } of victims) this.#drop(entry);
    logger.info({ files: victims.length }, 'least used files have left the cache');
  }

  #drop(entry: CacheEntry): void {
    if (this.#known.get(entry.uri)?.entry === entry) this.#known.delete(entry.uri);
    this.#folder.remove(entry);
  }

  /** What is known of a URI, if its object is there as it was, not long ago; else it is forgotten. */
  #intact(uri: string): Known | null {
    const known = this.#known.get(uri);
    if (known === undefined) return null;
    const now = this.#options.clock.monotonic();
    if (now - known.intactAt < INTACT_MS) return known;
    if (this.#folder.isIntact(known.entry)) return Object.assign(known, { intactAt: now });
    this.#options.logger.warn({ uri: shownUri(uri) }, 'a cached file was changed or removed; it is fetched again');
    this.#drop(known.entry);
    return null;
  }

  #put(known: Known, { uri, target, writable }: Placement): 'placed' | 'large' | 'gone' {
    if (this.#intact(uri) !== known) return 'gone';
    try {
      if (!placeObjectNow({ ...known, target, writable })) return 'large';
    } catch (error) {
      if (this.#isGone(known, error)) return 'gone';
      throw error;
    }
    this.#used(known);
    return 'placed';
  }

  /** False when it is not there any more. */
  async #copy(known: Known, { target, writable }: Placement): Promise<boolean> {
    try {
      await copyObject({ ...known, target, writable });
    } catch (error) {
      if (this.#isGone(known, error)) return false;
      throw error;
    }
    this.#used(known);
    return true;
  }

  /** Whether the object has vanished since it was last looked at; it is forgotten then. */
  #isGone({ entry }: Known, error: unknown): boolean {
    const gone = isErrno(error, 'ENOENT') && !this.#folder.isIntact(entry);
    if (gone) this.#drop(entry);
    return gone;
  }

  #used(known: Known): void {
    const now = this.#options.clock.now();
    known.usedAt = now;
    if (now - known.touchedAt < TOUCH_MS) return;
    known.touchedAt = now;
    this.#folder.touch(known.entry, now);
  }

  /** Past the cache: fetched aside in the job's own folder. */
  async #placeDirectly({ uri, target }: Placement, fetcher: Fetcher, signal: AbortSignal): Promise<void> {
    const path = `${target}.marid-partial`;
    const mostBytes = this.#options.settings.fetchMaxFileMb * MIB;
    try {
      const got = await this.#download({ uri, fetcher, held: null, path, mostBytes, signal });
      if (got === null) throw new FetchError('FETCH_FAILED', `The file ${shownUri(uri)} did not come.`, true);
      await chmod(path, ownMode(got));
      await rename(path, target);
    } finally {
      await rm(path, { force: true });
    }
  }
}

/** Whether the cache cannot take a file that the job's folder perhaps can. */
function isForJobOnly(error: unknown, cacheIsSmaller: boolean): boolean {
  if (isFetchError(error)) return error.reason === 'FILE_TOO_LARGE' && cacheIsSmaller;
  return NO_ROOM.includes(errnoOf(error));
}
