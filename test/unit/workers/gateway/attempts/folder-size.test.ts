import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { walkFolder } from '../../../../../workers/gateway/attempts/folder-size.js';
import type { FolderLimits } from '../../../../../workers/gateway/attempts/attempt.js';
import { makeTemporaryFolder } from '../../../../support/temporary-folder.js';

describe('walkFolder', () => {
  let folder: ReturnType<typeof makeTemporaryFolder>;
  const path = (name: string): string => join(folder.path, name);
  const result = (limits: FolderLimits, directory = folder.path) => {
    const walk = walkFolder(directory, limits);
    for (let step = walk.next(); ; step = walk.next()) if (step.done === true) return step.value;
  };
  beforeEach(() => {
    folder = makeTemporaryFolder();
  });
  afterEach(() => folder.remove());

  test('counts files and folders at every depth, and stops at the first too many', () => {
    mkdirSync(path('a/b'), { recursive: true });
    for (let index = 0; index < 8; index += 1) writeFileSync(path(`a/b/${String(index)}`), '');
    expect(result({ folderFiles: 10 })).toBeNull();
    expect(result({ folderFiles: 9 })).toEqual({ limit: 'folderFiles', allowed: 9, used: 10 });
  });

  test('counts what files occupy', () => {
    writeFileSync(path('big'), Buffer.alloc(3 * 1024 * 1024, 1));
    writeFileSync(path('sparse'), '');
    truncateSync(path('sparse'), 2 ** 40);
    expect(result({ folderMb: 4 })).toBeNull();
    expect(result({ folderMb: 2 })).toMatchObject({ limit: 'folderSize', allowed: 2 });
  });

  test('follows no link, not even of the directory itself', () => {
    symlinkSync('/usr', path('link'));
    expect(result({ folderFiles: 5 })).toBeNull();
    expect(result({ folderFiles: 5 }, path('link'))).toBeNull();
  });

  test('a directory that goes away while it is walked holds nothing', () => {
    mkdirSync(path('a'));
    for (let index = 0; index < 100; index += 1) writeFileSync(path(`a/${String(index)}`), '');
    const walk = walkFolder(folder.path, { folderFiles: 1000 });
    walk.next();
    rmSync(folder.path, { recursive: true });
    let step = walk.next();
    while (step.done !== true) step = walk.next();
    expect(step.value).toBeNull();
    expect(result({ folderMb: 1 })).toBeNull();
  });
});
