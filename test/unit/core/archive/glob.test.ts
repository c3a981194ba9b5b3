import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { globMatcher, globProblem } from '../../../../core/archive/glob.js';

/** The same by regular expressions: slow for some patterns, but plain. */
function naive(pattern: string, path: string): boolean {
  const part = (text: string): string =>
    [...text].map((c) => (c === '*' ? '[^/]*' : c === '?' ? '[^/]' : c.replace(/[.+^${}()|[\]\\]/, '\\$&'))).join('');
  const parts = pattern.split('/').map((text) => (text === '**' ? '(?:[^/]+/)*' : `${part(text)}/`));
  return new RegExp(`^${parts.join('')}$`, 's').test(`${path}/`);
}

describe('globMatcher', () => {
  test.each([
    ['genie/**/dependencies/**', 'genie/command/x/dependencies', true],
    ['genie/**/dependencies/**', 'genie/command/x/dependencies/a/b', true],
    ['**/tmp/**', 'tmp/x', true],
    ['**/tmp/**', 'a/tmp', true],
    ['*.log', 'a/b.log', false],
    ['**/*.log', 'b.log', true],
    ['a?c', 'a/c', false],
    ['a.c', 'abc', false],
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(globMatcher([pattern])(path)).toBe(expected);
  });

  test('agrees with regular expressions', () => {
    const part = fc
      .stringMatching(/^[ab.*?]{1,5}$/)
      .filter((text) => !/^\.+$/.test(text) && (text === '**' || !text.includes('**')));
    const name = fc.stringMatching(/^[ab.]{1,5}$/);
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.array(name, { minLength: 1, maxLength: 4 }),
        (a, b) => {
          const [pattern, path] = [a.join('/'), b.join('/')];
          expect(globMatcher([pattern])(path)).toBe(naive(pattern, path));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('ends soon, whatever a user writes', () => {
    const pattern = '*a'.repeat(500);
    const started = performance.now();
    expect(globMatcher([pattern, `${'**/a/'.repeat(100)}b`])(`${'a'.repeat(4000)}b/${'a/'.repeat(1000)}c`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('globProblem', () => {
  test.each(['/a', 'a//b', '../a', 'a/./b', 'a\0b', 'a'.repeat(1025), ''])('refuses %j', (pattern) => {
    expect(globProblem(pattern)).not.toBeNull();
  });
});
