/** A place for the files of a run. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Environment variable: the folder in which a run of several workloads keeps the files of all until its end. Some file systems make inodes slowly for minutes after others were deleted, which would
 * fall on the next workload.
 */
export const KEPT_IN = 'BENCH_FOLDER';

/** Makes a temporary folder, which everybody may look into: some servers do not run as root, nor do their files belong to it. `remove` does so unless its files are kept for now. */
export async function temporaryFolder(): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const keptIn = process.env[KEPT_IN];
  const path = await mkdtemp(join(keptIn ?? tmpdir(), 'marid-bench-'));
  await chmod(path, 0o755);
  return {
    path,
    remove: async () => {
      if (keptIn === undefined) await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Makes a temporary folder, does the work in it, and removes it. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder();
  try {
    return await work(folder.path);
  } finally {
    await folder.remove();
  }
}
