/** What a control plane says of its engines to others on the same store. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { isErrno } from '../../core/errors/system-error.js';
import type { EngineSet } from '../store/mongo/engine-record.js';
import type { EngineChoice } from './engine-options.js';

const ID_FILE = 'folder-id';

/** The engines beside the store. Makes the data folder and its identity when one of them is embedded. */
export async function engineSetOf(choice: EngineChoice): Promise<EngineSet> {
  const { installation, log, lease, blobs, dataFolder } = choice;
  const engines = `installation ${installation}, log ${log}, lease ${lease}, blobs ${blobs}`;
  const embedded = log === 'embedded' || lease === 'embedded' || blobs === 'filesystem';
  if (!embedded) return { engines, folderId: null, place: hostname() };
  if (dataFolder === ':memory:') return { engines, folderId: randomUUID(), place: hostname() };
  const folder = resolve(dataFolder);
  return { engines, folderId: await identityOf(folder), place: `${hostname()}:${folder}` };
}

/** Stays the same as long as the folder, wherever it is mounted. */
async function identityOf(folder: string): Promise<string> {
  const path = join(folder, ID_FILE);
  await mkdir(folder, { recursive: true });
  const known = await readIdentity(path);
  if (known !== '') return known;
  await writeFile(path, randomUUID());
  return readIdentity(path);
}

/** Empty when there is none yet. */
async function readIdentity(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}
