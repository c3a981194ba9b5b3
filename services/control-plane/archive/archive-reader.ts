/** Reads archived attempts. */
import { LRUCache } from 'lru-cache';
import type { ArchivePlace } from '../../../core/archive/archive-status.js';
import { manifestsKey, packKey } from '../../../core/archive/keys.js';
import { decodeManifest, type ArchivedFile, type ArchiveManifest } from '../../../core/archive/manifest.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { BlobStore } from '../../../core/ports/blob-store.js';
import { checkRelativePath } from '../../../core/validation/relative-path.js';

/** Bytes of manifests that are kept in memory. One of a usual job has a kilobyte. */
const CACHED_BYTES = 64 * 1024 * 1024;
/** Longest manifest that is read: several times what a worker writes. */
const MOST_MANIFEST_BYTES = 256 * 1024 * 1024;
/** By the contract of ReadJobFile. */
const MOST_PIECE_BYTES = 256 * 1024;

/** What of a file is wanted. */
export interface ArchiveRange {
  readonly path: string;
  /** First byte; negative: that many before the end. */
  readonly offset: number;
  /** Most bytes; 0: to the end. */
  readonly limit: number;
}

export class ArchiveReader {
  private readonly manifests = new LRUCache<string, Manifest>({ maxSize: CACHED_BYTES });

  /** `open` gives the blob store, and rejects while it cannot be reached. */
  constructor(private readonly open: () => Promise<BlobStore>) {}

  /** Files of an archive by path, at most `limit` whose paths sort behind `after`. `folder` is empty for all. */
  async list(
    place: ArchivePlace,
    { folder, after, limit }: { readonly folder: string; readonly after: string; readonly limit: number },
  ): Promise<{ readonly files: readonly ArchivedFile[]; readonly more: boolean }> {
    const prefix = folder === '' ? '' : `${checkRelativePath(folder, 'folder')}/`;
    const { manifest } = await this.manifestOf(place);
    const files = manifest.files.filter(({ path }) => path.startsWith(prefix) && path > after);
    return { files: files.slice(0, limit), more: files.length > limit };
  }

  /** Pieces of a file. `NOT_FOUND` when there is none. */
  async *read(
    place: ArchivePlace,
    range: ArchiveRange,
  ): AsyncGenerator<{ readonly offset: number; readonly data: Uint8Array }> {
    const path = checkRelativePath(range.path, 'path');
    const file = (await this.manifestOf(place)).byPath.get(path);
    if (file === undefined) {
      throw new MaridError('NOT_FOUND', `The archive of the attempt has no file ${JSON.stringify(path)}.`);
    }
    let offset = range.offset >= 0 ? range.offset : Math.max(0, file.sizeBytes + range.offset);
    const length = Math.min(file.sizeBytes - offset, range.limit === 0 ? Number.MAX_SAFE_INTEGER : range.limit);
    if (length <= 0) return;
    const key = packKey(place.run, file.pack);
    const found = await (await this.open()).get({ key, offset: file.offset + offset, length });
    if (found === null) throw lost(key);
    for await (const bytes of found.body) {
      for (let start = 0; start < bytes.length; start += MOST_PIECE_BYTES) {
        const data = bytes.subarray(start, start + MOST_PIECE_BYTES);
        yield { offset, data };
        offset += data.length;
      }
    }
  }

  private async manifestOf(place: ArchivePlace): Promise<Manifest> {
    const cacheKey = `${place.run} ${String(place.offset)}`;
    const known = this.manifests.get(cacheKey);
    if (known !== undefined) return known;
    const manifest = await readManifest(await this.open(), place);
    this.manifests.set(cacheKey, manifest, { size: Math.max(1, place.length) });
    return manifest;
  }
}

interface Manifest {
  readonly manifest: ArchiveManifest;
  readonly byPath: ReadonlyMap<string, ArchivedFile>;
}

async function readManifest(blobs: BlobStore, { run, offset, length }: ArchivePlace): Promise<Manifest> {
  const key = manifestsKey(run);
  const found = length > MOST_MANIFEST_BYTES ? null : await blobs.get({ key, offset, length });
  const manifest = found === null ? null : decodeManifest(await textOf(found.body));
  if (manifest === null) throw lost(key);
  return { manifest, byPath: new Map(manifest.files.map((file) => [file.path, file])) };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function lost(key: string): MaridError {
  return new MaridError('DATA_LOSS', `A part of the archive, ${JSON.stringify(key)}, is gone or cannot be read.`);
}
