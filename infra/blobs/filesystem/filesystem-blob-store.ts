/** `BlobStore` in a folder. */
import { randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isErrno } from '../../../core/errors/system-error.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { BlobInfo, BlobStore } from '../../../core/ports/blob-store.js';
import { compareKeys, entryOfName, pathOfKey, type KeyEntry } from './blob-paths.js';
import { placeFile, removeFile, translateFileError, writeNewFile } from './file-system.js';
import { RangeReader } from './range-reader.js';

/** Options of `FilesystemBlobStore.connect`. */
export interface FilesystemBlobStoreOptions {
  /** Folder for nothing else, one process at a time; created with mode 0700 when it is missing. */
  readonly folder: string;
}

/**
 * Blobs as files: whole ones in `objects`, those being written in `partial`. States: open (from `connect`) and closed (by `close`, for ever).
 * A body that `get` gave holds its file open until it is read to the end or given up.
 */
export class FilesystemBlobStore implements BlobStore {
  private readonly readers = new Set<RangeReader>();
  private readonly objects: string;
  private readonly partial: string;
  private closed = false;

  private constructor(private readonly folder: string) {
    this.objects = join(folder, 'objects');
    this.partial = join(folder, 'partial');
  }

  /** Makes the folder and drops what a crash left half-written. Rejects with `UNAVAILABLE` when the folder cannot be used. */
  static async connect(options: FilesystemBlobStoreOptions): Promise<FilesystemBlobStore> {
    const store = new FilesystemBlobStore(resolve(options.folder));
    return store.guard(async () => {
      await rm(store.partial, { recursive: true, force: true });
      await mkdir(store.objects, { recursive: true, mode: 0o700 });
      await mkdir(store.partial, { recursive: true, mode: 0o700 });
      return store;
    });
  }

  put(options: {
    readonly key: string;
    readonly body: AsyncIterable<Uint8Array>;
    readonly ifAbsent?: boolean;
  }): Promise<BlobInfo | null> {
    const { key, body, ifAbsent = false } = options;
    return this.guard(async () => {
      const path = this.pathOf(key);
      if (ifAbsent && (await this.infoOf(key)) !== null) return null;
      const partial = join(this.partial, randomUUID());
      const written = infoFrom(key, await writeNewFile(partial, body));
      return (await placeFile(partial, path, { root: this.objects, ifAbsent })) ? written : null;
    });
  }

  get(options: {
    readonly key: string;
    readonly offset?: number;
    readonly length?: number | null;
  }): Promise<{ readonly info: BlobInfo; readonly body: AsyncIterable<Uint8Array> } | null> {
    const { key, offset = 0, length = null } = options;
    return this.guard(async () => {
      const handle = await openIfThere(this.pathOf(key));
      if (handle === null) return null;
      const info = infoFrom(key, await handle.stat({ bigint: true }));
      const end = length === null ? info.sizeBytes : Math.min(info.sizeBytes, offset + length);
      const reader: RangeReader = new RangeReader(handle, offset, end, {
        closed: () => this.readers.delete(reader),
        translate: (error) => translateFileError(error, this.folder),
      });
      this.readers.add(reader);
      return { info, body: reader };
    });
  }

  head({ key }: { readonly key: string }): Promise<BlobInfo | null> {
    return this.guard(() => this.infoOf(key));
  }

  list(options: {
    readonly prefix: string;
    readonly after: string | null;
    readonly limit: number;
  }): Promise<readonly BlobInfo[]> {
    return this.guard(async () => {
      const found: BlobInfo[] = [];
      if (options.limit <= 0) return found;
      for await (const key of this.keys(this.objects, '', options)) {
        const info = await this.infoOf(key);
        if (info !== null) found.push(info);
        if (found.length >= options.limit) break;
      }
      return found;
    });
  }

  delete({ key }: { readonly key: string }): Promise<void> {
    return this.guard(() => removeFile(this.pathOf(key), this.objects));
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const reader of [...this.readers]) await reader.close();
  }

  /** Keys below a folder, in order: a folder's own key ends with `/`, so that sorting each folder sorts the whole. */
  private async *keys(
    folder: string,
    above: string,
    options: { readonly prefix: string; readonly after: string | null },
  ): AsyncGenerator<string> {
    for (const entry of await entriesOf(folder)) {
      const key = above + entry.key;
      if (!mayHold(entry.kind, key, options)) continue;
      if (entry.kind === 'blob') yield key;
      else yield* this.keys(join(folder, entry.name), key, options);
    }
  }

  private async infoOf(key: string): Promise<BlobInfo | null> {
    try {
      return infoFrom(key, await stat(this.pathOf(key), { bigint: true }));
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
      throw error;
    }
  }

  private pathOf(key: string): string {
    return join(this.objects, ...pathOfKey(key));
  }

  private async guard<T>(work: () => Promise<T>): Promise<T> {
    if (this.closed)
      throw new MaridError('UNAVAILABLE', `The blob folder ${this.folder} is closed; this process ends.`);
    try {
      return await work();
    } catch (error) {
      throw translateFileError(error, this.folder);
    }
  }
}

/** Whether a blob passes, or a folder can hold a blob that passes. */
function mayHold(
  kind: KeyEntry['kind'],
  key: string,
  { prefix, after }: { readonly prefix: string; readonly after: string | null },
): boolean {
  const behind = after === null || compareKeys(key, after) > 0;
  if (kind === 'blob') return behind && key.startsWith(prefix);
  return (behind || after.startsWith(key)) && (key.startsWith(prefix) || prefix.startsWith(key));
}

async function entriesOf(folder: string): Promise<readonly KeyEntry[]> {
  try {
    const entries = (await readdir(folder)).map(entryOfName).filter((entry) => entry !== null);
    return entries.sort((a, b) => compareKeys(a.key, b.key));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

/** The version holds the file's number and time: each put makes a new file. */
function infoFrom(key: string, stats: BigIntStats): BlobInfo {
  return {
    key,
    sizeBytes: Number(stats.size),
    version: `${stats.ino.toString(36)}-${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}`,
    modifiedAt: Number(stats.mtimeMs),
  };
}
