import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { errnoOf } from '../../../../../core/errors/system-error.js';
import { openPlain } from '../../../../../workers/gateway/archive/open-plain.js';
import { listFiles, MOST_FILES } from '../../../../../workers/gateway/node/list-files.js';
import { checkRelativePath } from '../../../../../core/validation/relative-path.js';
import { openInside } from '../../../../../workers/gateway/node/open-file.js';
import { removeTree } from '../../../../../workers/gateway/remove-tree.js';

const SECRET = 'the secret';
let base = '';
let root = '';

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'marid-node-'));
  root = join(base, 'jobs/j/1');
  mkdirSync(join(root, 'genie/logs'), { recursive: true });
  writeFileSync(join(base, 'jobs/j/1.json'), SECRET);
  mkdirSync(join(base, 'jobs/j/10'));
  writeFileSync(join(base, 'jobs/j/10/stdout'), SECRET);
  writeFileSync(join(root, 'stdout'), 'output');
  writeFileSync(join(root, 'genie/logs/env.log'), 'env');
  symlinkSync('stdout', join(root, 'inside'));
  symlinkSync('genie', join(root, 'folder-inside'));
  symlinkSync('/etc/passwd', join(root, 'outside'));
  symlinkSync('..', join(root, 'up'));
  symlinkSync('../10', join(root, 'neighbour'));
  symlinkSync('loop', join(root, 'loop'));
  symlinkSync('/dev/zero', join(root, 'device'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

/** Content that a path gives, or the code of its refusal, or null. */
async function read(path: string): Promise<string | null> {
  try {
    const file = await openInside(root, checkRelativePath(path, 'path'));
    if (file === null) return null;
    const text = await file.readFile('utf8');
    await file.close();
    return text;
  } catch (error) {
    return errnoOf(error) ?? 'unknown error';
  }
}

describe('openInside', () => {
  test.each([
    ['stdout', 'output'],
    ['genie/logs/env.log', 'env'],
    ['inside', 'output'],
    ['folder-inside/logs/env.log', 'env'],
    ['absent', null],
    ['stdout/x', null],
    ['loop', null],
    ['outside', 'INVALID_ARGUMENT'],
    ['up/1.json', 'INVALID_ARGUMENT'],
    ['up/1/stdout', 'output'],
    ['neighbour/stdout', 'INVALID_ARGUMENT'],
    ['pipe', 'INVALID_ARGUMENT'],
    ['genie', 'INVALID_ARGUMENT'],
    ['', 'INVALID_ARGUMENT'],
    ['/etc/passwd', 'INVALID_ARGUMENT'],
    ['../1.json', 'INVALID_ARGUMENT'],
    ['genie/../../1.json', 'INVALID_ARGUMENT'],
    ['./stdout', 'INVALID_ARGUMENT'],
    ['genie//logs/env.log', 'INVALID_ARGUMENT'],
    ['stdout\0', 'INVALID_ARGUMENT'],
  ])('%j gives %j', async (path, expected) => {
    expect(await read(path)).toBe(expected);
  });

  test('no name of the corpus gives anything from outside, or an error that is no answer', async () => {
    const hostile = fc.constantFrom(
      ...[
        '..',
        '../',
        '....//',
        '..\\',
        '%2e%2e%2f',
        '..%00',
        '\u202e..',
        '\u2025',
        '\uff0e\uff0e',
        '\u2024\u2024',
        '.\u200b.',
      ],
      ...[
        '/',
        '//',
        '\u2215',
        '\uff0f',
        '\u2044',
        '\\',
        '\n',
        '\r\n',
        '\t',
        ' ',
        '\0',
        'stdout\0',
        '\u001b[2J',
        '\ud800',
      ],
      ...[
        '/etc/passwd',
        '/dev/zero',
        '/dev/stdin',
        '/proc/self/environ',
        '/proc/self/fd/0',
        'CON',
        'NUL',
        'COM1',
        'aux.txt',
      ],
      ...['~', '~root', '$HOME', '$(id)', '`id`', '|id', '-rf', '--', '*', '?', 'file:///etc/passwd', 'stdout:stream'],
      ...[
        'x'.repeat(255),
        'x'.repeat(256),
        'x'.repeat(5000),
        'a/'.repeat(3000),
        'e\u0301',
        '\u00e9',
        'STDOUT',
        'stdout.',
        'stdout ',
      ],
      ...['up', 'neighbour', 'outside', 'loop', 'pipe', 'device', 'inside', 'genie', 'stdout', '1.json', '10'],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 4 }), fc.constantFrom('/', ''), async (parts, separator) => {
        expect([null, 'output', 'env', 'INVALID_ARGUMENT']).toContain(await read(parts.join(separator)));
      }),
      { numRuns: 1000 },
    );
  });

  test('what takes the place of the output while it is read is never read from outside, and nothing waits', async () => {
    const [spot, kept] = [join(root, 'spot'), join(root, 'stdout')];
    const swaps = [
      () => symlinkSync(join(base, 'jobs/j/1.json'), spot),
      () => symlinkSync('../10/stdout', spot),
      () => mkdirSync(spot),
      () => execFileSync('mkfifo', [spot]),
      () => linkSync(kept, spot),
    ];
    let reading = true;
    const reader = (async () => {
      const found = new Set<string | null>();
      while (reading) found.add(await read('spot'));
      return found;
    })();
    for (let round = 0; round < 200; round += 1) {
      swaps[round % swaps.length]?.();
      await new Promise((resolve) => setImmediate(resolve));
      rmSync(spot, { recursive: true, force: true });
    }
    reading = false;
    expect([...(await reader)].filter((each) => ![null, 'output', 'INVALID_ARGUMENT'].includes(each))).toEqual([]);
  });

  test('no path gives anything from outside', async () => {
    const part = fc.constantFrom(
      '..',
      '.',
      '',
      '/',
      'up',
      'neighbour',
      'outside',
      'genie',
      'stdout',
      '1',
      '1.json',
      '10',
      'etc',
      '\0',
      '%2e%2e',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 7 }), fc.boolean(), async (parts, absolute) => {
        const text = await read(`${absolute ? '/' : ''}${parts.join('/')}`);
        expect([null, 'output', 'env', 'INVALID_ARGUMENT']).toContain(text);
      }),
      { numRuns: 500 },
    );
  });
});

describe('listFiles', () => {
  test('lists regular files by path, and neither links nor what is behind them', async () => {
    const { files, more } = await listFiles(root, { folder: '' });
    expect([files.map((file) => [file.path, file.sizeBytes]), more]).toEqual([
      [
        ['genie/logs/env.log', 3],
        ['stdout', 6],
      ],
      false,
    ]);
  });

  test('a folder of many entries comes in pages, by path', async () => {
    const many = join(base, 'jobs/j/3');
    mkdirSync(join(many, 'last'), { recursive: true });
    for (let index = 0; index <= MOST_FILES; index += 1) linkSync(join(root, 'stdout'), join(many, `f${index}`));
    const first = await listFiles(many, { folder: '' });
    expect(first).toMatchObject({ more: true, cut: false, files: { length: MOST_FILES } });
    const last = await listFiles(many, { folder: '', after: first.files.at(-1)?.path ?? '' });
    expect(last).toMatchObject({ more: false, files: { length: 1 } });
    const small = await listFiles(many, { folder: '', after: 'f99', limit: 3 });
    expect([small.files.map(({ path }) => path), small.more]).toEqual([['f990', 'f9900', 'f9901'], true]);
    expect(await listFiles(many, { folder: 'last' })).toEqual({ more: false, cut: false, files: [] });
  });

  test('a folder that a link leads out to is refused', async () => {
    await expect(listFiles(root, { folder: 'neighbour' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await listFiles(root, { folder: 'absent' })).files).toEqual([]);
    expect((await listFiles(root, { folder: 'genie' })).files).toHaveLength(1);
  });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

describe('a folder of another user', () => {
  asRoot('gives nothing that this user could not read (skipped unless root)', async () => {
    const folder = join(base, 'jobs/j/2');
    mkdirSync(folder);
    for (const [name, uid, mode] of [
      ['own', 12345, 0o600],
      ['shared', 0, 0o444],
      ['linked', 0, 0o640],
    ] as const) {
      writeFileSync(join(folder, name), name, { mode });
      chownSync(join(folder, name), uid, uid);
    }
    chownSync(folder, 12345, 12345);
    for (const name of ['own', 'shared']) {
      const file = await openInside(folder, name);
      expect((await file?.readFile())?.toString()).toBe(name);
      await file?.close();
    }
    await expect(openInside(folder, 'linked')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const plain = ['own', 'shared', 'linked'].map((name) => openPlain(join(folder, name)));
    expect(plain.map((descriptor) => descriptor !== null)).toEqual([true, true, false]);
    for (const descriptor of plain) if (descriptor !== null) closeSync(descriptor);
  });

  asRoot('is removed without following links (skipped unless root)', async () => {
    const folder = join(base, 'jobs/j/3');
    mkdirSync(join(folder, 'deep/er'), { recursive: true });
    mkdirSync(join(base, 'kept'));
    writeFileSync(join(base, 'kept/file'), '');
    symlinkSync(join(base, 'kept'), join(folder, 'deep/link'));
    chownSync(folder, 12345, 12345);
    await removeTree(folder);
    await removeTree(folder);
    expect([existsSync(folder), existsSync(join(base, 'kept/file'))]).toEqual([false, true]);
  });
});
