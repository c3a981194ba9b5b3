/** The bytes of a pack. */
import { createHash, hash as hashOf } from 'node:crypto';
import { closeSync, read, readSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ArchivedFile } from '../../../core/archive/manifest.js';
import { breathe } from '../breathe.js';
import type { FoundFile, FoundFiles } from './find-files.js';
import { openPlain } from './open-plain.js';

const PIECE_BYTES = 256 * 1024;
/** A file up to this size is read without waiting. */
const SMALL_BYTES = 64 * 1024;
/** Files after which others of this process come to their turn. */
const BREATH = 100;
/** What there is to say of an empty file, which is not opened. */
const EMPTY: Read = { sizeBytes: 0, sha256: hashOf('sha256', ''), bytes: null };
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

/** What was read of a file. */
interface Read extends Pick<ArchivedFile, 'sizeBytes' | 'sha256'> {
  /** What is still to be yielded of it, or `null`. */
  readonly bytes: Uint8Array | null;
}

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
    if (index % BREATH === BREATH - 1) await breathe();
    const read = file.sizeBytes > SMALL_BYTES ? yield* readLarge(root, file, signal) : readSmall(root, file);
    if (read === null) {
      skipped.add(file.path, 'unreadable');
      continue;
    }
    const { sizeBytes, sha256 } = read;
    const changed = sizeBytes === file.sizeBytes ? {} : { changed: true };
    draft.archived.push({ path: file.path, modifiedAt: file.modifiedAt, sizeBytes, sha256, pack, offset, ...changed });
    if (read.bytes !== null) yield read.bytes;
    offset += sizeBytes;
  }
}

/** A small file; `null`: there is none any more. In one go: what passes through generators costs more than reading it. */
function readSmall(root: string, { path, sizeBytes }: FoundFile): Read | null {
  if (sizeBytes === 0) return EMPTY;
  const descriptor = openPlain(join(root, path));
  if (descriptor === null) return null;
  try {
    const buffer = Buffer.allocUnsafe(sizeBytes);
    let length = 0;
    for (let bytesRead = -1; bytesRead !== 0 && length < sizeBytes; length += bytesRead) {
      bytesRead = readSync(descriptor, buffer, length, sizeBytes - length, length);
    }
    const bytes = buffer.subarray(0, length);
    return { sizeBytes: length, sha256: hashOf('sha256', bytes), bytes };
  } finally {
    closeSync(descriptor);
  }
}

/** Yields a file and returns what was read of it; `null`: there is none any more. */
async function* readLarge(
  root: string,
  { path, sizeBytes: wantedBytes }: FoundFile,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, Read | null> {
  const descriptor = openPlain(join(root, path));
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
  return { sizeBytes, sha256: hash.digest('hex'), bytes: null };
}

/** No more than the file had when it was found: one that something still writes to would never end. */
async function* piecesOf(descriptor: number, sizeBytes: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < sizeBytes;) {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, sizeBytes - position));
    const { bytesRead } = await readLater(descriptor, buffer, 0, buffer.length, position);
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
