import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WorkerSecrets } from '../../../../infra/secrets/worker-secrets.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
});
afterEach(() => folder.remove());

function secrets(options: Partial<ConstructorParameters<typeof WorkerSecrets>[0]> = {}): WorkerSecrets {
  return new WorkerSecrets({ folder: folder.path, prefix: 'JOB_', environment: {}, ...options });
}

describe('WorkerSecrets', () => {
  test('reads files anew each time, also behind links, and variables where there is no file', async () => {
    const source = secrets({ environment: { JOB_DB: 'variable', JOB_ONLY: 'only', DB: 'other' } });
    expect(await source.read('DB')).toEqual(Buffer.from('variable'));
    mkdirSync(join(folder.path, '..data'));
    writeFileSync(join(folder.path, '..data/DB'), 'one');
    symlinkSync('..data/DB', join(folder.path, 'DB'));
    expect(await source.read('DB')).toEqual(Buffer.from('one'));
    writeFileSync(join(folder.path, '..data/DB'), Buffer.from([0, 255]));
    expect(await source.read('DB')).toEqual(Buffer.from([0, 255]));
    expect(await source.read('ONLY')).toEqual(Buffer.from('only'));
    expect(await source.read('other')).toBeNull();
  });

  test('reads nothing where nothing is configured', async () => {
    const source = secrets({ folder: null, prefix: null, environment: { JOB_DB: 'x', DB: 'y' } });
    expect(await source.read('DB')).toBeNull();
  });

  test('rejects what is no file, without waiting for a pipe', async () => {
    mkdirSync(join(folder.path, 'folder'));
    execFileSync('mkfifo', [join(folder.path, 'pipe')]);
    for (const name of ['folder', 'pipe']) await expect(secrets().read(name)).rejects.toThrow('regular file');
  });
});
