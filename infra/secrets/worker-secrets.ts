/** `SecretSource` of a worker: files of a folder, then variables of its environment. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../core/errors/system-error.js';
import { MaridError } from '../../core/errors/marid-error.js';
import type { SecretSource } from '../../core/ports/secret-source.js';

/** Options of `WorkerSecrets`. */
export interface WorkerSecretsOptions {
  /** Folder with a file for each secret; `null`: none. */
  readonly folder: string | null;
  /** Beginning of the names of variables that hold secrets; `null`: none. */
  readonly prefix: string | null;
  /** The process's environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export class WorkerSecrets implements SecretSource {
  readonly #options: WorkerSecretsOptions;

  constructor(options: WorkerSecretsOptions) {
    this.#options = options;
  }

  async read(name: string): Promise<Uint8Array | null> {
    const { folder, prefix, environment } = this.#options;
    const file = folder === null ? null : await readSecretFile(join(folder, name));
    if (file !== null) return file;
    const value = prefix === null ? undefined : environment[`${prefix}${name}`];
    return value === undefined ? null : Buffer.from(value);
  }
}

/** Links are followed: Kubernetes mounts secrets behind them. Opening a pipe does not wait for its writer. */
async function readSecretFile(path: string): Promise<Uint8Array | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if ((await file.stat()).isFile()) return await file.readFile();
      throw new MaridError('INVALID_ARGUMENT', 'A secret is not a regular file.');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
