/** Unpacks an archive that strangers made into a new folder: nothing but files and folders, nowhere else, and not too much. */
import { mkdir, stat } from 'node:fs/promises';
import { errnoOf, errorText } from '../../../core/errors/system-error.js';
import { archiveKind } from '../../../core/files/archive-name.js';
import { ArchiveError, isArchiveError } from './archive-error.js';
import { TreeWriter } from './tree-writer.js';
import { UnpackMeter, type UnpackLimits } from './unpack-meter.js';

/** Options of `unpackArchive`. */
export interface UnpackArchiveOptions {
  /** Of the archive. */
  readonly path: string;
  /** Says what kind of archive it is. */
  readonly name: string;
  /** Made here; what is in it after a failure is the caller's to remove. */
  readonly folder: string;
  readonly limits: UnpackLimits;
  readonly signal: AbortSignal;
}

/** The bytes that it has become. Rejects with `ArchiveError` when it is broken or refused, else with an error of the file system or of the signal. */
export async function unpackArchive({ path, name, folder, limits, signal }: UnpackArchiveOptions): Promise<number> {
  const kind = archiveKind(name);
  if (kind === null) throw new ArchiveError('its name does not end in .tar.gz, .tgz, .tar or .zip');
  const meter = new UnpackMeter(limits, (await stat(path)).size);
  await mkdir(folder);
  const options = { path, writer: new TreeWriter(folder, meter), signal };
  try {
    if (kind === 'zip') await (await import('./unzip.js')).unzip(options);
    else await (await import('./untar.js')).untar({ ...options, gzip: kind === 'tar.gz' });
  } catch (error) {
    throw isBroken(error) && !signal.aborted
      ? new ArchiveError(`it is broken (${errorText(error)})`, { cause: error })
      : error;
  }
  return meter.bytes;
}

/** What the readers of archives throw has no code of the file system. */
function isBroken(error: unknown): boolean {
  return !isArchiveError(error) && !/^E[A-Z0-9]+$/.test(errnoOf(error) ?? '');
}
