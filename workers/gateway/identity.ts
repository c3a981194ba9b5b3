/** Who the worker is: an id that stays with its state folder, and a session for each run of its process, which sorts behind those before. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../core/errors/system-error.js';
import type { Random } from '../../core/ports/random.js';
import { MaridError } from '../../core/errors/marid-error.js';
import { idProblem } from '../../core/validation/ids.js';

const TIME_DIGITS = 12;

/** The worker's names. */
export interface WorkerIdentity {
  readonly workerId: string;
  /** New in each run of the process; sorts behind those of earlier runs, also when the machine's clock was set back. */
  readonly session: string;
}

/** Reads the id of a state folder, or makes one; makes the folder, and notes the session in it. Throws `DATA_LOSS` when the file holds no id. */
export async function loadIdentity(stateFolder: string, random: Random): Promise<WorkerIdentity> {
  const path = join(stateFolder, 'worker-id');
  await mkdir(stateFolder, { recursive: true });
  const workerId = (await readLine(path)) ?? (await writeLine(path, `worker-${random.id()}`));
  const problem = idProblem(workerId);
  if (problem === null) return { workerId, session: await nextSession(stateFolder, random) };
  throw new MaridError('DATA_LOSS', `The worker's id in ${path} ${problem}. Delete the file to get a new one.`);
}

/** The id if it sorts behind `last`, else one that does. Ids are UUIDs of version 7, which begin with their time: 12 hexadecimal digits. */
export function sessionBehind(last: string | null, id: string): string {
  const time = Number.parseInt((last ?? '').replace('-', '').slice(0, TIME_DIGITS), 16);
  if (last === null || id > last || Number.isNaN(time)) return id;
  const digits = (time + 1).toString(16).padStart(TIME_DIGITS, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}${id.slice(TIME_DIGITS + 1)}`;
}

async function nextSession(stateFolder: string, random: Random): Promise<string> {
  const path = join(stateFolder, 'last-session');
  return writeLine(path, sessionBehind(await readLine(path), random.id()));
}

async function readLine(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Writes a file of one line whole or not at all; returns the line. */
async function writeLine(path: string, line: string): Promise<string> {
  await writeFile(`${path}.new`, `${line}\n`);
  await rename(`${path}.new`, path);
  return line;
}
