/** Where attempts live: `<state folder>/jobs/<job>/<attempt>/`, with their facts in `<attempt>.json` and their secrets in `<attempt>.secrets` beside it. */
import { join } from 'node:path';
import type { AttemptReference } from '../../core/job/job.js';

/** The folder of all attempts. */
export function jobsFolderOf(stateFolder: string): string {
  return join(stateFolder, 'jobs');
}

/** The file with a note for each attempt that is to be archived. */
export function dueFileOf(stateFolder: string): string {
  return join(stateFolder, 'archives-due');
}

/** The directory of an attempt. Its job's id has been checked by the control plane: it is a plain name. */
export function attemptDirectory(jobsFolder: string, { jobId, attempt }: AttemptReference): string {
  return join(jobsFolder, jobId, String(attempt));
}

/** Where the files with secrets of an attempt are; gone with its process. */
export function secretsFolderOf(directory: string): string {
  return `${directory}.secrets`;
}
