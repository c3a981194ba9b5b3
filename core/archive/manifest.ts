/**
 * The tables of contents of archived attempts. Files of all attempts of a run lie one behind the other in packs: a hundred small attempts cost two writes, one of
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
  /** Number of the run's pack that holds it. */
  readonly pack: number;
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

/** The first line of a run's manifests. */
export interface ArchiveHeader {
  readonly version: 1;
  readonly workerId: string;
  /** When they were written, milliseconds since the epoch. */
  readonly archivedAt: number;
  /** Ids of the jobs whose attempts follow. */
  readonly jobs: readonly string[];
}

/** Everything about an archived attempt. */
export interface ArchiveManifest extends AttemptReference {
  /** By path. */
  readonly files: readonly ArchivedFile[];
  /** The first that were left out, other than by a pattern. */
  readonly skipped: readonly SkippedFile[];
  /** How many were left out in all. */
  readonly skippedCount: number;
}

/** Reads the header of a run's manifests; `null` when it is none of this version. */
export function decodeHeader(text: string): ArchiveHeader | null {
  const value = parse(text);
  return isHeader(value) ? value : null;
}

/** Reads a manifest; `null` when it is none. */
export function decodeManifest(text: string): ArchiveManifest | null {
  const value = parse(text);
  return isManifest(value) ? value : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no JSON
  }
}

function isHeader(value: unknown): value is ArchiveHeader {
  if (!isObject(value) || value['version'] !== 1) return false;
  const { jobs } = value;
  return Array.isArray(jobs) && jobs.every((id) => typeof id === 'string');
}

function isManifest(value: unknown): value is ArchiveManifest {
  if (!isObject(value) || typeof value['attempt'] !== 'number') return false;
  const { files, skipped, jobId } = value;
  return typeof jobId === 'string' && Array.isArray(skipped) && Array.isArray(files) && files.every(isFile);
}

function isFile(value: unknown): boolean {
  if (!isObject(value) || typeof value['path'] !== 'string' || typeof value['sha256'] !== 'string') return false;
  return ['sizeBytes', 'modifiedAt', 'pack', 'offset'].every((name) => Number.isSafeInteger(value[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
