/** Lists the regular files of an attempt's folder. Links are neither followed nor listed. */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInside } from './open-file.js';
import { errorCode } from '../staging/staging.js';

/** Most files that a list holds, by the contract. */
export const MOST_FILES = 10_000;

/** A file of an attempt. */
export interface FoundFile {
  /** Below the attempt's folder. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** Files by path, at most `MOST_FILES`; `truncated` when there are more. `folder` is below `root`, empty for all. */
export async function listFiles(
  root: string,
  folder: string,
): Promise<{ readonly files: readonly FoundFile[]; readonly truncated: boolean }> {
  const paths: string[] = [];
  const folders = [folder];
  for (let next = folders.shift(); next !== undefined && paths.length <= MOST_FILES; next = folders.shift()) {
    for (const entry of await entriesOf(root, next)) {
      const path = next === '' ? entry.name : `${next}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) paths.push(path);
    }
  }
  const listed = paths.sort().slice(0, MOST_FILES);
  const files = await Promise.all(listed.map((path) => describe(root, path)));
  return { files: files.filter((file) => file !== null), truncated: paths.length > MOST_FILES };
}

async function entriesOf(root: string, folder: string): Promise<readonly Dirent[]> {
  const path = await resolveInside(root, folder);
  try {
    return path === null ? [] : await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error) ?? '')) return [];
    throw error;
  }
}

async function describe(root: string, path: string): Promise<FoundFile | null> {
  const found = await lstat(join(root, path)).catch(() => null);
  return found === null ? null : { path, sizeBytes: found.size, modifiedAt: Math.floor(found.mtimeMs) };
}
