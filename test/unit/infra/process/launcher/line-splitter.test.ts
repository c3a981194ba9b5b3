import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter, MAX_LINE } from '../../../../../infra/process/launcher/line-splitter.js';

describe('LineSplitter', () => {
  test('gives the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' ') });
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (lines, sizes) => {
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
        const splitter = new LineSplitter();
        const seen: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          seen.push(...splitter.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(seen).toEqual(lines);
      }),
    );
  });

  test('keeps the rest for later', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(Buffer.from('one\ntw'))).toEqual(['one']);
    expect(splitter.push(Buffer.from(''))).toEqual([]);
    expect(splitter.push(Buffer.from('o\n\n'))).toEqual(['two', '']);
  });

  test('refuses a line without end', () => {
    const splitter = new LineSplitter();
    const chunk = Buffer.alloc(MAX_LINE / 2, 'x');
    splitter.push(chunk);
    splitter.push(chunk);
    expect(() => splitter.push(Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' }));
  });
});
