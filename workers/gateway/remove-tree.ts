/** Removing folders of attempts. */
import { execFile } from 'node:child_process';
import { lstat, rm } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * Removes a folder with all that is in it, or nothing when it is not there. In a folder of another user that user may go on exchanging folders for links: `rm` of the system never follows
 * one, while Node's own looks first and goes in afterwards.
 */
export async function removeTree(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => null);
  if (found === null) return;
  if (found.uid === process.getuid?.()) await rm(folder, { recursive: true, force: true });
  else await promisify(execFile)('/bin/rm', ['-rf', '--one-file-system', '--', folder]);
}
