/** Writes the files of an archive below a new folder. No link is ever made there, so that no path leads out of it. */
import { mkdir, open, utimes, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '../../../core/errors/system-error.js';
import { ArchiveError } from './archive-error.js';
import { entryPath } from './entry-path.js';
import type { UnpackMeter } from './unpack-meter.js';

/** Time of change of every file, in seconds since the epoch: another one shows that somebody has written to it. 1980, where the times of zip begin. */
export const TREE_TIME_S = 315_532_800;

/** Something is where a file or folder is to go. */
const TAKEN: readonly (string | null)[] = ['EEXIST', 'ENOTDIR', 'EISDIR'];

/** One entry of an archive that is a file. */
export interface FileEntry {
  readonly name: string;
  readonly executable: boolean;
  /** Of bytes. */
  readonly body: AsyncIterable<unknown>;
}

/** For one archive; every method throws `ArchiveError` for what is refused, and errors of the file system as they are. */
export class TreeWriter {
  constructor(
    /** Absolute, empty. */
    private readonly folder: string,
    private readonly meter: UnpackMeter,
  ) {}

  async addFolder(name: string): Promise<void> {
    await this.makeFolder(name, this.pathOf(name));
  }

  /** Read-only, and executable or not; owners and other bits of the mode are not taken over. */
  async addFile({ name, executable, body }: FileEntry): Promise<void> {
    const path = this.pathOf(name);
    if (path === this.folder || name.endsWith('/')) throw refused(name, 'is the name of a folder, but it is a file');
    await this.makeFolder(name, dirname(path));
    const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
      throw TAKEN.includes(errnoOf(error)) ? refused(name, 'is there twice') : error;
    });
    try {
      for await (const piece of body) {
        const bytes = decodeBytes(piece);
        this.meter.addBytes(bytes.byteLength);
        await writeAll(file, bytes);
      }
      await file.chmod(executable ? 0o555 : 0o444);
    } finally {
      await file.close();
    }
    await utimes(path, TREE_TIME_S, TREE_TIME_S);
  }

  private pathOf(name: string): string {
    this.meter.addEntry();
    const path = entryPath(name);
    if (path === null) throw refused(name, 'has a name that is not allowed');
    return join(this.folder, path);
  }

  private async makeFolder(name: string, path: string): Promise<void> {
    await mkdir(path, { recursive: true }).catch((error: unknown) => {
      throw TAKEN.includes(errnoOf(error)) ? refused(name, 'goes where a file is') : error;
    });
  }
}

/** An entry that is refused. */
export function refused(name: string, why: string): ArchiveError {
  return new ArchiveError(`its entry ${JSON.stringify(name.slice(0, 200))} ${why}`);
}

/** Streams do not say what they are of. */
export function decodeBytes(piece: unknown): Buffer {
  if (!Buffer.isBuffer(piece)) throw new TypeError('the content of an entry is not bytes');
  return piece;
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) {
    written += (await file.write(bytes, written)).bytesWritten;
  }
}
