import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exportLine, quote } from '../../../../../workers/gateway/script/quote.js';

/** Words that a shell likes to interpret, mixed with any Unicode but NUL and lone surrogates. */
const hostile = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom(
        ...`'"\`$(){}[]\\!#&;|<>*?~ \t\n\r=%-\u0001\u007f`,
        'a',
        '$HOME',
        '$(id)',
        '\\n',
        '€',
        '漢',
        '💥',
      ),
    }),
  )
  .map((text) => Buffer.from(text.replaceAll('\0', '')).toString());

function bash(script: string): Buffer {
  return execFileSync('/bin/bash', ['--noprofile', '--norc', '-c', script], {
    env: { LANG: 'C.UTF-8', PATH: '/usr/bin:/bin' },
  });
}

describe('quote', () => {
  test('any text passes through bash unchanged, as an argument', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 200 }), (words) => {
        const output = bash(`printf '%s\\0' ${words.map(quote).join(' ')}`);
        expect(output.toString('utf8').split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 15 },
    );
  });

  test('any text passes through bash unchanged, as a variable of a child process', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 100 }), (values) => {
        const lines = values.map((value, index) => exportLine(`V_${index}`, value));
        const found = bash(`${lines.join('\n')}\nexec env -0`)
          .toString('utf8')
          .split('\0');
        for (const [index, value] of values.entries()) expect(found).toContain(`V_${index}=${value}`);
      }),
      { numRuns: 10 },
    );
  });

  test('text with a NUL is refused', () => {
    expect(() => quote('a\0b')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('exportLine', () => {
  test.each(['', '1A', 'A-B', 'A B', 'A=B', 'A;id', 'Ä', 'A\n', 'UID', 'SHELLOPTS'])('refuses the name %j', (name) => {
    expect(() => exportLine(name, 'x')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
