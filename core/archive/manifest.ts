/**
 * The table of contents of an archived attempt. Files lie one behind the other in packs: an attempt of four small files costs two writes, one of
 * 100,000 small files not many more, and a large file is a pack of its own.
 */
import type { AttemptReference } from '../job/job.js';

/** Why a file is not in the archive. */
export type SkipReason = 'link' | 'special' | 'unreadable' | 'name' | 'size' | 'count';

/** A file in the archive. */
export interface ArchivedFile {
  /** Below the attempt's directory. Data, never a key. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** Of what was archived, hexadecimal. */
  readonly sha256: string;
  /** Key of the pack that holds it. */
  readonly pack: string;
  /** Its first byte in the pack. */
  readonly offset: number;
  /** It had another size when it was found than when it was read. Default: false. */
  readonly changed?: boolean;
}

/** A file that was left out. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: SkipReason;
}

/** Everything about an archive. */
export interface ArchiveManifest extends AttemptReference {
  readonly version: 1;
  readonly workerId: string;
  /** When it was written, milliseconds since the epoch. */
  readonly archivedAt: number;
  /** By path. */
  readonly files: readonly ArchivedFile[];
  /** The first that were left out, other than by a pattern. */
  readonly skipped: readonly SkippedFile[];
  /** How many were left out in all. */
  readonly skippedCount: number;
}

/** Reads a manifest; `null` when it is none of this version. */
export function decodeManifest(text: string): ArchiveManifest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null; // no JSON
  }
  return isManifest(value) ? value : null;
}

function isManifest(value: unknown): value is ArchiveManifest {
  if (!isObject(value) || value['version'] !== 1 || typeof value['attempt'] !== 'number') return false;
  const { files, skipped, jobId } = value;
  return typeof jobId === 'string' && Array.isArray(skipped) && Array.isArray(files) && files.every(isFile);
}

function isFile(value: unknown): boolean {
  if (!isObject(value)) return false;
  const texts = ['path', 'sha256', 'pack'].every((name) => typeof value[name] === 'string');
  return texts && ['sizeBytes', 'modifiedAt', 'offset'].every((name) => Number.isSafeInteger(value[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
