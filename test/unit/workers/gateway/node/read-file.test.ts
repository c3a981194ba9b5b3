import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { MOST_CHUNK_BYTES, readFile, type FilePiece } from '../../../../../workers/gateway/node/read-file.js';
import { eventually } from '../../../../support/eventually.js';

let base = '';
let root = '';
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'marid-read-'));
  root = join(base, 'j/1');
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

interface Parts {
  readonly path?: string;
  readonly offset?: number;
  readonly limit?: number;
  readonly over?: Promise<void> | null;
  readonly signal?: AbortSignal;
}

function open({
  path = 'stdout',
  offset = 0,
  limit = 0,
  over = null,
  signal = new AbortController().signal,
}: Parts = {}) {
  return readFile({ root, path, offset, limit, over, signal, clock: new SystemClock() });
}

async function text(pieces: AsyncIterable<FilePiece>): Promise<string> {
  const all: Buffer[] = [];
  for await (const { data } of pieces) all.push(Buffer.from(data));
  return Buffer.concat(all).toString();
}

/** Collects in the background. */
function follow(parts: Parts) {
  const found = { text: '', ended: false };
  const reading = (async () => {
    for await (const { data } of open(parts)) found.text += Buffer.from(data).toString();
    found.ended = true;
  })();
  return { found, reading };
}

function attempt() {
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  return { over, end: () => end() };
}

describe('readFile', () => {
  test.each([
    [{}, '0123456789'],
    [{ offset: 4 }, '456789'],
    [{ offset: -3 }, '789'],
    [{ offset: -30 }, '0123456789'],
    [{ offset: 2, limit: 3 }, '234'],
    [{ offset: -5, limit: 2 }, '56'],
    [{ offset: 10 }, ''],
    [{ offset: 99, limit: 1 }, ''],
  ])('%j of ten digits is %j', async (parts, expected) => {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'stdout'), '0123456789');
    expect(await text(open(parts))).toBe(expected);
  });

  test('pieces are bounded, in order, and read only when asked for', async () => {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'stdout'), Buffer.alloc(MOST_CHUNK_BYTES * 2 + 5, 'x'));
    const pieces = open();
    const first = await pieces.next();
    appendFileSync(join(root, 'stdout'), 'y');
    const rest: FilePiece[] = [];
    for await (const piece of pieces) rest.push(piece);
    expect([first.value, ...rest].map((piece: FilePiece) => [piece.offset, piece.data.length])).toEqual([
      [0, MOST_CHUNK_BYTES],
      [MOST_CHUNK_BYTES, MOST_CHUNK_BYTES],
      [2 * MOST_CHUNK_BYTES, 6],
    ]);
  });

  test('a file that is not there is NOT_FOUND when the attempt is over', async () => {
    await expect(text(open())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(text(open({ over: Promise.resolve() }))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('readFile with follow', () => {
  // Every wait here is far below the safety check of 5 s: the system's notifications do it.
  test('waits for folders and file, sends what is appended, and ends with the attempt', async () => {
    const { over, end } = attempt();
    const { found, reading } = follow({ over, path: 'genie/logs/setup.log' });
    mkdirSync(join(root, 'genie/logs'), { recursive: true });
    writeFileSync(join(root, 'genie/logs/setup.log'), 'a');
    await eventually('the first byte', () => found.text === 'a', 3000);
    for (const letter of 'bcd') {
      appendFileSync(join(root, 'genie/logs/setup.log'), letter);
      await eventually(letter, () => found.text.endsWith(letter), 3000);
    }
    appendFileSync(join(root, 'genie/logs/setup.log'), 'last');
    end();
    await reading;
    expect(found.text).toBe('abcdlast');
  });

  test('ends when the caller goes', async () => {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'stdout'), 'a');
    const gone = new AbortController();
    const { found, reading } = follow({ over: attempt().over, signal: gone.signal });
    await eventually('the first byte', () => found.text === 'a', 3000);
    gone.abort();
    await reading;
  });

  test('ends at the limit', async () => {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'stdout'), 'ab');
    const { found, reading } = follow({ over: attempt().over, limit: 3 });
    appendFileSync(join(root, 'stdout'), 'cd');
    await reading;
    expect(found.text).toBe('abc');
  });
});
