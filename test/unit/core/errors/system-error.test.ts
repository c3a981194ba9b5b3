import { describe, expect, test } from '@jest/globals';
import { errnoOf, errorText, isErrno, succeeds } from '../../../../core/errors/system-error.js';

const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' });

describe('errors of the system', () => {
  test('are known by their code, whatever they are an instance of', () => {
    expect([missing, { code: 'EACCES' }, { code: 7 }, new Error('x'), null, 'ENOENT'].map(errnoOf)).toEqual([
      ...['ENOENT', 'EACCES'],
      ...[null, null, null, null],
    ]);
    expect(isErrno(missing, 'EACCES', 'ENOENT')).toBe(true);
    expect(isErrno(new Error('x'), 'ENOENT')).toBe(false);
  });

  test('are failures where they are named, and thrown elsewhere', () => {
    const fail = (): void => {
      throw missing;
    };
    expect(succeeds(() => undefined)).toBe(true);
    expect(succeeds(fail, 'ENOENT')).toBe(false);
    expect(() => succeeds(fail, 'EACCES')).toThrow('no such file');
  });

  test('have a text, also when something else was thrown', () => {
    expect([missing, { message: 'm' }, 'text', undefined].map(errorText)).toEqual([
      'no such file',
      'm',
      'text',
      'undefined',
    ]);
  });
});
