/** What the kernel can run as it is, asked again and again while it changes. */
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PlainPrograms } from '../../../../../workers/gateway/script/plain-program.js';
import { makeTemporaryFolder } from '../../../../support/temporary-folder.js';

const folder = makeTemporaryFolder();
const directory = folder.path;
const file = join(directory, 'program');
let programs: PlainPrograms;
const isPlain = (name: string): boolean => programs.has(name, { directory, path: `/nowhere:${directory}` });

beforeEach(() => {
  programs = new PlainPrograms();
  writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 });
});
afterEach(() => rmSync(file, { force: true }));
afterAll(() => folder.remove());

describe('PlainPrograms', () => {
  test('finds programs by path and by PATH, again and again', () => {
    for (const name of ['./program', file, 'program', 'program']) expect(isPlain(name)).toBe(true);
    expect(isPlain('absent')).toBe(false);
    expect(programs.has('program', { directory, path: `.:${directory}` })).toBe(false);
  });

  test('sees that a program it knows was changed, forbidden, replaced or removed', () => {
    expect(isPlain('program')).toBe(true);
    chmodSync(file, 0o644);
    expect(isPlain('./program')).toBe(false);
    chmodSync(file, 0o755);
    expect(isPlain('./program')).toBe(true);
    writeFileSync(file, 'echo of bash alone\n');
    expect(isPlain('program')).toBe(false);
    writeFileSync(`${file}.new`, '#!/bin/sh\n', { mode: 0o755 });
    renameSync(`${file}.new`, file);
    expect(isPlain('program')).toBe(true);
    rmSync(file);
    expect(isPlain('./program')).toBe(false);
  });
});
