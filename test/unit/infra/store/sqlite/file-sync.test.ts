import { appendFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { FileSync } from '../../../../../infra/store/sqlite/file-sync.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../../support/temporary-folder.js';

describe('FileSync', () => {
  let folder: TemporaryFolder | null = null;

  afterEach(() => folder?.remove());

  const open = async (): Promise<{ readonly file: FileSync; readonly path: string }> => {
    folder = makeTemporaryFolder();
    const path = join(folder.path, 'log');
    await writeFile(path, 'x');
    return { file: FileSync.open(path), path };
  };

  test('serves everybody who asks during a force with the next one', async () => {
    const { file, path } = await open();
    const told: string[] = [];
    const first = new Promise<void>((resolve) => {
      file.sync(() => {
        told.push('first');
        resolve();
      });
    });
    appendFileSync(path, 'y');
    const others = ['a', 'b', 'c'].map(
      (name) =>
        new Promise<void>((resolve) => {
          file.sync((error) => {
            told.push(`${name} ${String(error)}`);
            resolve();
          });
        }),
    );
    await Promise.all([first, ...others]);
    expect(told).toEqual(['first', 'a null', 'b null', 'c null']);
    expect(file.count).toBe(2);
    file.close();
  });

  test('tells those who wait when it is closed', async () => {
    const { file } = await open();
    const told: unknown[] = [];
    file.sync((error) => told.push(error));
    file.sync((error) => told.push(error));
    file.close();
    expect(told).toEqual([null]);
  });

  test('refuses who comes after the end', async () => {
    const { file } = await open();
    file.close();
    file.close();
    const told: unknown[] = [];
    file.sync((error) => told.push(error?.message));
    expect(told).toEqual(['the file is closed']);
  });
});
