import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dropOtherCode, findKeptCode, keepCode } from '../../../../../infra/process/launcher/kept-code.js';
import { BINARY_PACKAGE } from '../../../../../infra/process/launcher/libc.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../../support/temporary-folder.js';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
});
afterEach(() => folder.remove());

/** A program of three files that prints a word. */
function writeProgram(word: string): string {
  const file = (path: string, text: string): string => {
    mkdirSync(dirname(join(folder.path, 'version', path)), { recursive: true });
    writeFileSync(join(folder.path, 'version', path), text);
    return join(folder.path, 'version', path);
  };
  file('package.json', '{ "type": "module" }');
  file('core/word.js', `export const word = '${word}';\n`);
  file('infra/process/launcher/say.js', `export { word } from '../../../core/word.js';\n`);
  return file(
    'infra/process/launcher/main.js',
    `import { argv } from 'node:process';\nimport { word } from './say.js';\nconsole.log(word, argv.length);\n`,
  );
}

describe('keepCode', () => {
  test('makes a copy that runs without the original, once for each version', () => {
    const kept = keepCode(folder.path, writeProgram('one'));
    expect(keepCode(folder.path, writeProgram('one'))).toBe(kept);
    const later = keepCode(folder.path, writeProgram('two'));
    rmSync(join(folder.path, 'version'), { recursive: true });
    const say = (entry: string): string => execFileSync(process.execPath, [entry], { encoding: 'utf8' });
    expect([say(kept), say(later)]).toEqual(['one 2\n', 'two 2\n']);
    expect(readdirSync(folder.path)).toHaveLength(2);
  });

  test('copies the binary too, wherever it is installed', () => {
    const installed = join(folder.path, 'node_modules', BINARY_PACKAGE);
    mkdirSync(join(installed, 'here'), { recursive: true });
    writeFileSync(join(installed, 'package.json'), '{ "main": "./here/index.js" }');
    writeFileSync(join(installed, 'here', 'index.js'), 'module.exports = "binary";');
    const entry = writeProgram('one');
    writeFileSync(entry, `import word from '${BINARY_PACKAGE}';\nconsole.log(word);\n`);
    const kept = keepCode(join(folder.path, 'version'), entry);
    rmSync(join(folder.path, 'node_modules'), { recursive: true });
    expect(execFileSync(process.execPath, [kept], { encoding: 'utf8' })).toBe('binary\n');
  });

  test('a launcher that serves drops the others; a worker without its files finds what is left', () => {
    keepCode(folder.path, writeProgram('one'));
    const later = keepCode(folder.path, writeProgram('two'));
    dropOtherCode(folder.path, later);
    expect(findKeptCode(folder.path)).toBe(later);
    dropOtherCode(folder.path, '/elsewhere/main.js');
    expect(findKeptCode(folder.path)).toBeNull();
  });
});
