/** The bytes of a pack. */
import { createHash } from 'node:crypto';
import { closeSync, read, readSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ArchivedFile } from '../../../core/archive/manifest.js';
import type { FoundFile, FoundFiles } from './find-files.js';
import { openPlain } from './open-plain.js';

const PIECE_BYTES = 256 * 1024;
/** A file up to this size is read without waiting. */
const SMALL_BYTES = 64 * 1024;
/** Files after which others of this process come to their turn. */
const BREATH = 100;
/** What there is to say of an empty file, which is not opened. */
const EMPTY: Read = { sizeBytes: 0, sha256: createHash('sha256').digest('hex') };
const readLater = promisify(read);

/** An archive that is being written. */
export interface Draft {
  readonly found: FoundFiles;
  /** Grows as files are read. */
  readonly archived: ArchivedFile[];
}

/** A file and where to note it once it is read. */
export interface PackedFile {
  readonly file: FoundFile;
  readonly draft: Draft;
}

type Read = Pick<ArchivedFile, 'sizeBytes' | 'sha256'>;

/** Options of `packBody`. */
export interface PackBodyOptions {
  /** Number of the pack. */
  readonly pack: number;
  readonly files: readonly PackedFile[];
  readonly signal: AbortSignal;
}

/** The files one behind the other, each noted once it is read; what is gone by now or is no file any more is left out. */
export function packBody(options: PackBodyOptions): AsyncGenerator<Uint8Array> {
  return gathered(contents(options));
}

async function* contents({ pack, files, signal }: PackBodyOptions): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (const [index, { file, draft }] of files.entries()) {
    const { root, skipped } = draft.found;
    signal.throwIfAborted();
    if (index % BREATH === BREATH - 1) await stat(root);
    const read = file.sizeBytes === 0 ? EMPTY : yield* contentOf(join(root, file.path), file.sizeBytes, signal);
    if (read === null) {
      skipped.add(file.path, 'unreadable');
      continue;
    }
    const changed = read.sizeBytes === file.sizeBytes ? {} : { changed: true };
    draft.archived.push({ path: file.path, modifiedAt: file.modifiedAt, ...read, pack, offset, ...changed });
    offset += read.sizeBytes;
  }
}

/** Yields a file and returns what was read of it; `null`: there is none any more. */
async function* contentOf(
  path: string,
  wantedBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, Read | null> {
  const descriptor = openPlain(path);
  if (descriptor === null) return null;
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const bytes of piecesOf(descriptor, wantedBytes, signal)) {
      hash.update(bytes);
      sizeBytes += bytes.length;
      yield bytes;
    }
  } finally {
    closeSync(descriptor);
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

/** No more than the file had when it was found: one that something still writes to would never end. */
async function* piecesOf(descriptor: number, sizeBytes: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < sizeBytes;) {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, sizeBytes - position));
    const bytesRead =
      sizeBytes <= SMALL_BYTES
        ? readSync(descriptor, buffer, 0, buffer.length, position)
        : (await readLater(descriptor, buffer, 0, buffer.length, position)).bytesRead;
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** The same bytes in pieces of a fair size. */
export async function* gathered(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    held.push(piece);
    size += piece.length;
    if (size < PIECE_BYTES) continue;
    yield* split(Buffer.concat(held));
    held = [];
    size = 0;
  }
  if (size > 0) yield* split(Buffer.concat(held));
}

function* split(bytes: Buffer): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) yield bytes.subarray(start, start + PIECE_BYTES);
}
