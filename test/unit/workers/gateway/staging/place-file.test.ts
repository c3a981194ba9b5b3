import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { placeFile } from '../../../../../workers/gateway/staging/place-file.js';
import { stagingFailureOf } from '../../../../../workers/gateway/staging/staging.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'marid-place-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const uriOf = (name: string): string => pathToFileURL(join(folder, name)).href;

describe('placeFile', () => {
  test('copies the file with its mode', async () => {
    writeFileSync(join(folder, 'a b#é'), 'content', { mode: 0o750 });
    await placeFile(uriOf('a b#é'), join(folder, 'target'));
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('content');
    expect(statSync(join(folder, 'target')).mode & 0o777).toBe(0o750);
  });

  test.each([
    ['a vanished file', () => uriOf('gone'), 'FILE_UNREADABLE'],
    ['a folder', () => uriOf('folder'), 'FILE_UNREADABLE'],
    ['a pipe', () => uriOf('pipe'), 'FILE_UNREADABLE'],
    ['a device', () => 'file:///dev/zero', 'FILE_UNREADABLE'],
    ['another scheme', () => 's3://bucket/key', 'UNSUPPORTED_URI'],
    ["another machine's file", () => 'file://elsewhere/a', 'INVALID_URI'],
  ])("%s is the job's own failure and names the URI", async (_, uri, reason) => {
    mkdirSync(join(folder, 'folder'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const message = expect.stringContaining(uri());
    await expect(placeFile(uri(), join(folder, 'target'))).rejects.toMatchObject({
      reason,
      message,
      infrastructure: false,
    });
  });
});

describe('stagingFailureOf', () => {
  test("a full disk is the worker's failure and says so", () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    expect(stagingFailureOf(full, 'directory')).toMatchObject({ reason: 'DISK_FULL', infrastructure: true });
  });
});
