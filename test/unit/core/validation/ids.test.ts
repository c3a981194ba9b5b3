import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { idProblem, poolProblem } from '../../../../core/validation/ids.js';

describe('idProblem', () => {
  test.each(['a', '0', 'A.b_c-9', 'x'.repeat(255)])('accepts %j', (id) => {
    expect(idProblem(id)).toBeNull();
  });

  test.each(['', '.', '-a', '_a', '../a', 'a/b', 'a b', 'ä', 'a\n', 'a\0', 'x'.repeat(256)])('refuses %j', (id) => {
    expect(idProblem(id)).toMatch(/it must be 1 to 255 characters of letters, digits/);
  });

  test('shows what it refuses on one printable line of bounded length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (id) => {
        const problem = idProblem(id) ?? '';
        return !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(problem) && problem.length < 600;
      }),
    );
  });
});

describe('poolProblem', () => {
  test('allows names that keep the topic of the pool legal, and no longer ones', () => {
    expect(poolProblem('x'.repeat(100))).toBeNull();
    expect(poolProblem('x'.repeat(101))).toMatch(/1 to 100 characters/);
    expect(poolProblem('a:b')).not.toBeNull();
  });
});
