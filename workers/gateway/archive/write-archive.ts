/** Writes what an attempt has left to the blob store: packs of files one behind the other, then the manifest. Until that is there, there is no archive. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { isMaridError } from '../../../core/errors/marid-error.js';
import { archivePrefix, manifestKey, packKey } from '../../../core/archive/keys.js';
import type { ArchivedFile, ArchiveManifest } from '../../../core/archive/manifest.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { BlobStore } from '../../../core/ports/blob-store.js';
import { openInside } from '../node/open-file.js';
import { findFiles, type Exclusion, type FoundFile, type SkippedList } from './find-files.js';

/** A pack takes no further file beyond this size. */
const PACK_BYTES = 64 * 1024 * 1024;
const READ_BYTES = 256 * 1024;
const PAGE = 1_000;

/** Options of `writeArchive`. */
export interface WriteArchiveOptions {
  readonly reference: AttemptReference;
  readonly workerId: string;
  /** The attempt's folder. */
  readonly root: string;
  readonly blobs: BlobStore;
  readonly exclude: Exclusion;
  readonly mostFiles: number;
  readonly mostBytes: number;
  /** Name of this try, unlike that of any other; fit for a key. */
  readonly run: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Writes it. Rejects when the store does, or with the signal's reason; what an earlier try left is removed by the one that succeeds. */
export async function writeArchive(options: WriteArchiveOptions): Promise<ArchiveManifest> {
  const { reference, blobs, workerId, now } = options;
  const { files: found, skipped } = await findFiles(options);
  const files: ArchivedFile[] = [];
  for (const [index, pack] of packsOf(found).entries()) {
    const key = packKey(reference, options.run, index + 1);
    await blobs.put({ key, body: packBody(options, { key, pack, files, skipped }) });
  }
  const manifest: ArchiveManifest = {
    ...{ version: 1, ...reference, workerId, archivedAt: now },
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
    ...{ skipped: skipped.named, skippedCount: skipped.count },
  };
  await blobs.put({ key: manifestKey(reference), body: textBody(JSON.stringify(manifest)) });
  await removeLeftovers(blobs, reference, manifest);
  return manifest;
}

function packsOf(files: readonly FoundFile[]): readonly (readonly FoundFile[])[] {
  const packs: FoundFile[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const file of files) {
    if (size + file.sizeBytes > PACK_BYTES) {
      packs.push([]);
      size = 0;
    }
    packs.at(-1)?.push(file);
    size += file.sizeBytes;
  }
  return packs;
}

/** The bytes of a pack; notes each file once it is read. */
async function* packBody(
  options: WriteArchiveOptions,
  to: {
    readonly key: string;
    readonly pack: readonly FoundFile[];
    readonly files: ArchivedFile[];
    readonly skipped: SkippedList;
  },
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (const file of to.pack) {
    const handle = await openInside(options.root, file.path).catch(nullIfRefused);
    if (handle === null) {
      to.skipped.add(file.path, 'unreadable');
      continue;
    }
    const hash = createHash('sha256');
    let size = 0;
    let modifiedAt = 0;
    try {
      modifiedAt = Math.floor((await handle.stat()).mtimeMs);
      for await (const bytes of piecesOf(handle, file.sizeBytes, options.signal)) {
        hash.update(bytes);
        size += bytes.length;
        yield bytes;
      }
    } finally {
      await handle.close();
    }
    const changed = size === file.sizeBytes ? {} : { changed: true };
    to.files.push({
      ...{ path: file.path, sizeBytes: size, modifiedAt, sha256: hash.digest('hex'), pack: to.key, offset },
      ...changed,
    });
    offset += size;
  }
}

/** What the job put in the way is left out; anything else, such as too many open files, fails the try. */
function nullIfRefused(error: unknown): null {
  if (isMaridError(error)) return null;
  throw error;
}

/** No more than the file had when it was found: one that something still writes to would never end. */
async function* piecesOf(file: FileHandle, sizeBytes: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < sizeBytes;) {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, sizeBytes - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* textBody(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += READ_BYTES) yield bytes.subarray(start, start + READ_BYTES);
}

async function removeLeftovers(
  blobs: BlobStore,
  reference: AttemptReference,
  manifest: ArchiveManifest,
): Promise<void> {
  const kept = new Set([manifestKey(reference), ...manifest.files.map(({ pack }) => pack)]);
  const prefix = archivePrefix(reference);
  for (let after: string | null = null; ;) {
    const page = await blobs.list({ prefix, after, limit: PAGE });
    for (const { key } of page) if (!kept.has(key)) await blobs.delete({ key });
    after = page.at(-1)?.key ?? null;
    if (page.length < PAGE) return;
  }
}
