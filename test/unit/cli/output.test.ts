import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { escapeJson, escapeText, isUnsafe } from '../../../cli/output/escape.js';
import { formatPairs, formatTable } from '../../../cli/output/table.js';

describe('escapeText', () => {
  test('makes control and direction characters visible', () => {
    expect(escapeText('a\u001b[31mb\nc\u202ed\u009be')).toBe('a\\u001b[31mb\\nc\\u202ed\\u009be');
    expect(escapeText('größe 東京')).toBe('größe 東京');
  });

  test('leaves nothing unsafe, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(isUnsafe(escapeText(text))).toBe(false);
        const json = escapeJson(JSON.stringify({ text }));
        expect(isUnsafe(json)).toBe(false);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
  });
});

describe('formatTable', () => {
  test('aligns by width on the screen, marks empty cells, trims line ends', () => {
    const columns = [
      { title: 'ID', value: (row: readonly string[]) => row[0] ?? '' },
      { title: 'X', value: (row: readonly string[]) => row[1] ?? '' },
      { title: 'LAST', value: (row: readonly string[]) => row[2] ?? '' },
    ];
    const text = formatTable(columns, [
      ['東京', '1', 'a'],
      ['b', '', ''],
    ]);
    expect(text).toBe('ID    X  LAST\n東京  1  a\nb     -  -\n');
  });
});

describe('formatPairs', () => {
  test('aligns values and leaves empty ones out', () => {
    expect(
      formatPairs([
        ['A', '1'],
        ['Longer', '2'],
        ['None', ''],
      ]),
    ).toBe('A:      1\nLonger: 2\n');
  });
});
