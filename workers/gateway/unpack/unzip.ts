/** Unpacks zip archives. */
import { crc32 } from 'node:zlib';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { ArchiveError } from './archive-error.js';
import { decodeBytes, refused } from './tree-writer.js';
import type { UnpackOptions } from './untar.js';

/** File types in the upper half of the attributes, as Unix has them; 0 where another system wrote the archive. */
const TYPE_MASK = 0o170000;
const FOLDER = 0o040000;
const FILE = 0o100000;

/** Rejects with `ArchiveError`, or with an error of the file system. */
export async function unzip({ path, writer, signal }: UnpackOptions): Promise<void> {
  // Sizes are checked here: yauzl's own check has left streams that never end.
  const zip = await openPromise(path, { strictFileNames: true, validateEntrySizes: false, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      const mode = entry.externalFileAttributes >>> 16;
      if (isFolder(entry, mode)) await writer.addFolder(entry.fileName);
      else await writer.addFile({ name: entry.fileName, executable: (mode & 0o111) !== 0, body: bodyOf(zip, entry) });
    }
  } finally {
    zip.close();
  }
}

function isFolder(entry: Entry, mode: number): boolean {
  const { fileName } = entry;
  const type = mode & TYPE_MASK;
  if (type !== 0 && type !== FILE && type !== FOLDER) throw refused(fileName, 'is not a file or folder');
  if (entry.isEncrypted()) throw refused(fileName, 'is encrypted');
  return type === FOLDER || (type === 0 && fileName.endsWith('/'));
}

async function* bodyOf(zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  const stream = await zip.openReadStreamPromise(entry);
  let [size, sum] = [0, 0];
  for await (const piece of stream) {
    const bytes = decodeBytes(piece);
    size += bytes.byteLength;
    sum = crc32(bytes, sum);
    if (size > entry.uncompressedSize) break;
    yield bytes;
  }
  if (size !== entry.uncompressedSize || sum !== entry.crc32) {
    throw new ArchiveError(
      `the content of its entry ${JSON.stringify(entry.fileName.slice(0, 200))} is not as it says`,
    );
  }
}
