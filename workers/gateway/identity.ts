/** Who the worker is: an id that stays with its state folder, and a session for each run of its process. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../core/ports/random.js';
import { MaridError } from '../../core/errors/marid-error.js';
import { idProblem } from '../../core/validation/ids.js';
import { errorCode } from './staging/staging.js';

/** The worker's names. */
export interface WorkerIdentity {
  readonly workerId: string;
  /** New in each run of the process. */
  readonly session: string;
}

/** Reads the id of a state folder, or makes one; makes the folder. Throws `DATA_LOSS` when the file holds no id. */
export async function loadIdentity(stateFolder: string, random: Random): Promise<WorkerIdentity> {
  const path = join(stateFolder, 'worker-id');
  await mkdir(stateFolder, { recursive: true });
  const known = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
  const workerId = known === null ? await createId(path, random) : known.trim();
  const problem = idProblem(workerId);
  if (problem === null) return { workerId, session: random.id() };
  throw new MaridError('DATA_LOSS', `The worker's id in ${path} ${problem}. Delete the file to get a new one.`);
}

async function createId(path: string, random: Random): Promise<string> {
  const workerId = `worker-${random.id()}`;
  await writeFile(`${path}.new`, `${workerId}\n`);
  await rename(`${path}.new`, path);
  return workerId;
}
