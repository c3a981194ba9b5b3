/**
 * The cache on disk: `objects/<key>` (read-only) with `objects/<key>.json`, and `partial/<process>-<number>` while they are written. The JSON file comes
 * first and the object appears whole, by a rename: what has both is good, whatever was killed in between. Several processes may use it: none relies on
 * a file's being there still.
 */
import { renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../../core/errors/system-error.js';
import { decodeEntry, keyOf, type CacheEntry } from './cache-entry.js';

const JSON_ENDING = '.json';
/** Files without their partner are left alone for so long: another process may be about to make it. */
const ORPHAN_MS = 3_600_000;

/** An entry with what its files tell. */
export interface StoredEntry {
  readonly entry: CacheEntry;
  /** When a job last got it, milliseconds since the epoch; to the minute. */
  readonly usedAt: number;
  /** Whether folders of jobs link to it. */
  readonly linked: boolean;
}

/** Where the cache of a state folder is. */
export function cacheFolderOf(stateFolder: string): string {
  return join(stateFolder, 'cache');
}

export class CacheFolder {
  readonly #objects: string;
  readonly #partials: string;
  #partialCount = 0;

  private constructor(folder: string) {
    this.#objects = join(folder, 'objects');
    this.#partials = join(folder, 'partial');
  }

  /** Makes the folders, for this user only. */
  static async open(folder: string): Promise<CacheFolder> {
    const opened = new CacheFolder(folder);
    for (const each of [folder, opened.#objects, opened.#partials]) {
      await mkdir(each, { recursive: true, mode: 0o700 });
    }
    return opened;
  }

  /** All entries that have their object. */
  async list(): Promise<readonly StoredEntry[]> {
    const names = (await readdir(this.#objects)).filter((name) => name.endsWith(JSON_ENDING));
    const found: StoredEntry[] = [];
    for (const name of names) {
      const stored = await this.#read(name).catch(() => null); // another process has removed it
      if (stored !== null) found.push(stored);
    }
    return found;
  }

  /** Removes what killed processes have left: their partial files, and halves of entries older than an hour. */
  async sweep(now: number): Promise<void> {
    for (const name of await readdir(this.#partials)) {
      if (!isAlive(Number(name.split('-')[0]))) await rm(join(this.#partials, name), { force: true });
    }
    const names = new Set(await readdir(this.#objects));
    for (const name of names) {
      const partner = name.endsWith(JSON_ENDING) ? name.slice(0, -JSON_ENDING.length) : name + JSON_ENDING;
      if (names.has(partner)) continue;
      const path = join(this.#objects, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now }));
      if (mtimeMs < now - ORPHAN_MS) await rm(path, { force: true });
    }
  }

  /** A path for a file that is being fetched; no other process uses it. */
  newPartial(): string {
    this.#partialCount += 1;
    return join(this.#partials, `${process.pid}-${this.#partialCount}`);
  }

  /** Makes a partial file, complete and on disk, an object. */
  async publish(partial: string, facts: Omit<CacheEntry, 'key' | 'modifiedMs'>): Promise<CacheEntry> {
    await chmod(partial, facts.executable ? 0o555 : 0o444);
    const { mtimeMs: modifiedMs } = await stat(partial);
    const entry = { ...facts, key: keyOf(facts), modifiedMs };
    const path = this.path(entry);
    const json = this.newPartial();
    writeFileSync(json, JSON.stringify(entry), { mode: 0o600 });
    renameSync(json, path + JSON_ENDING);
    renameSync(partial, path);
    return entry;
  }

  /** Path of an object. */
  path({ key }: CacheEntry): string {
    return join(this.#objects, key);
  }

  /** Whether an object is there, and nobody has written to it. Synchronous, as are the others of the way of a job that finds what it needs. */
  isIntact(entry: CacheEntry): boolean {
    const found = statSync(this.path(entry), { throwIfNoEntry: false });
    return found !== undefined && found.size === entry.sizeBytes && found.mtimeMs === entry.modifiedMs;
  }

  /** Notes that a job got it. */
  touch(entry: CacheEntry, now: number): void {
    try {
      utimesSync(this.path(entry) + JSON_ENDING, now / 1000, now / 1000);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error; // removed by another process: nothing to note
    }
  }

  /** Whether folders of jobs link to it. */
  isLinked(entry: CacheEntry): boolean {
    return (statSync(this.path(entry), { throwIfNoEntry: false })?.nlink ?? 0) > 1;
  }

  /** Removes an entry; links to it stay as they are. Idempotent. */
  remove(entry: CacheEntry): void {
    rmSync(this.path(entry), { force: true });
    rmSync(this.path(entry) + JSON_ENDING, { force: true });
  }

  async #read(name: string): Promise<StoredEntry | null> {
    const path = join(this.#objects, name);
    const entry = decodeEntry(await readFile(path, 'utf8'));
    if (entry === null || `${entry.key}${JSON_ENDING}` !== name) return null;
    const [json, object] = await Promise.all([stat(path), stat(this.path(entry))]);
    return { entry, usedAt: json.mtimeMs, linked: object.nlink > 1 };
  }
}

/** Whether a process of this machine is there. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}
