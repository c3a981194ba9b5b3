import { describe, expect, test } from '@jest/globals';
import { byteLength, isLongerThan, quote } from '../../../../core/validation/text.js';

describe('quote', () => {
  test('escapes what could break a line or drive a terminal', () => {
    expect(quote('a"\n\u001b[2J\u007f\u0085\u009b\u2028é')).toBe('"a\\"\\n\\u001b[2J\\u007f\\u0085\\u009b\\u2028é"');
  });

  test('shortens long text between characters, not inside them', () => {
    expect(quote('😀'.repeat(60))).toBe(`"${'😀'.repeat(60)}"`);
    expect(quote('😀'.repeat(61))).toBe(`"${'😀'.repeat(60)}…"`);
  });
});

describe('lengths', () => {
  test('count characters as code points and bytes as UTF-8', () => {
    expect([isLongerThan('😀😀', 2), isLongerThan('😀😀😀', 2), isLongerThan('abc', 2)]).toEqual([false, true, true]);
    expect(byteLength('é😀')).toBe(6);
  });
});
