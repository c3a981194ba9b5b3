import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter, LONGEST_LINE_BYTES } from '../../../client/line-splitter.js';
import { TimedLines } from '../../../client/timed-lines.js';
import {
  formatOutputTime,
  OUTPUT_TIMES_FILE,
  parseOutputTime,
  type OutputStream,
} from '../../../core/job/output-times.js';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe('LineSplitter', () => {
  test('gives the lines of a text however it comes in pieces', () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n') }));
    fc.assert(
      fc.property(pieces, (parts) => {
        const splitter = new LineSplitter();
        const lines = parts.flatMap((part) => splitter.take(Buffer.from(part))).map(text);
        const rest = splitter.rest();
        const expected = parts.join('').split('\n');
        expect([...lines, rest === null ? '' : text(rest)]).toEqual(expected);
      }),
    );
  });

  test('cuts a line that is too long to keep, and loses nothing of it', () => {
    const splitter = new LineSplitter();
    const piece = Buffer.alloc(LONGEST_LINE_BYTES, 'x');
    const lines = [piece, piece, Buffer.from('\nnext\n')].flatMap((part) => splitter.take(part)).map(text);
    expect(lines.map((line) => line.length)).toEqual([piece.length, piece.length, 4]);
  });
});

describe('an entry of the record', () => {
  test('is read as it was written, and nothing else is one', () => {
    const entry = { at: 1_800_000_000_000, stream: 'stderr', end: 17 } as const;
    expect(parseOutputTime(formatOutputTime(entry).trimEnd())).toEqual(entry);
    for (const bad of ['', '1 stdin 3', '1 stdout', '-1 stdout 3', '1 stdout 3 4', '1e3 stdout 3', 'x'.repeat(99)])
      expect(parseOutputTime(bad)).toBeNull();
  });
});

describe('TimedLines', () => {
  interface Files {
    readonly [path: string]: string;
  }

  const opener = (files: Files, pieceBytes = 7) =>
    async function* (path: string, offset: number): AsyncGenerator<Uint8Array> {
      const bytes = Buffer.from(files[path] ?? '');
      for (let at = offset; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
    };

  async function read(lines: TimedLines, files: Files, last: boolean, pieceBytes?: number): Promise<string[]> {
    const found: string[] = [];
    for await (const some of lines.read(opener(files, pieceBytes), last))
      found.push(...some.map((line) => `${line.at} ${line.stream} ${text(line.text)}`));
    return found;
  }

  const FILES = {
    [OUTPUT_TIMES_FILE]: '10 stdout 4\n20 stderr 5\nnonsense\n30 stdout 10\n30 stdout 10\n40 stdout 12\n',
    stdout: 'one\ntwo\nthree',
    stderr: 'oops\n',
  };

  test.each([1, 3, 100])('merges both streams by the record, with pieces of %d bytes', async (pieceBytes) => {
    expect(await read(new TimedLines(null), FILES, true, pieceBytes)).toEqual([
      '10 stdout one',
      '20 stderr oops',
      '30 stdout two',
      '40 stdout thre',
    ]);
    expect(await read(new TimedLines('stderr'), FILES, true, pieceBytes)).toEqual(['20 stderr oops']);
  });

  test('goes on where the pass before ended, also within a line and within an entry', async () => {
    const lines = new TimedLines(null);
    const early = { ...FILES, [OUTPUT_TIMES_FILE]: FILES[OUTPUT_TIMES_FILE].slice(0, 50) };
    expect(await read(lines, early, false)).toEqual(['10 stdout one', '20 stderr oops', '30 stdout two']);
    expect(await read(lines, FILES, true)).toEqual(['40 stdout thre']);
  });

  test('ends where a job has cut its output', async () => {
    expect(await read(new TimedLines(null), { ...FILES, stdout: 'one\n' }, true)).toEqual([
      '10 stdout one',
      '20 stderr oops',
    ]);
  });

  test('gives every byte that is recorded, in order, with the time of its entry', async () => {
    const write = fc.record({
      stream: fc.constantFrom<OutputStream>('stdout', 'stderr'),
      data: fc.string({ unit: fc.constantFrom('a', '\n') }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(write), fc.integer({ min: 1, max: 9 }), async (writes, pieceBytes) => {
        const files = { [OUTPUT_TIMES_FILE]: '', stdout: '', stderr: '' };
        const expected: Record<OutputStream, string> = { stdout: '', stderr: '' };
        writes.forEach(({ stream, data }, at) => {
          files[stream] += data;
          files[OUTPUT_TIMES_FILE] += formatOutputTime({ at, stream, end: files[stream].length });
          expected[stream] += data.replaceAll('\n', `@${at}\n`);
        });
        const got: Record<OutputStream, string> = { stdout: '', stderr: '' };
        for await (const some of new TimedLines(null).read(opener(files, pieceBytes), false))
          for (const line of some) got[line.stream] += `${text(line.text)}@${line.at}\n`;
        for (const stream of ['stdout', 'stderr'] as const)
          expect(got[stream]).toBe(expected[stream].slice(0, expected[stream].lastIndexOf('\n') + 1));
      }),
    );
  });
});
