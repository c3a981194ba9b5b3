import { describe, expect, test } from '@jest/globals';
import { ERROR_CODES, invalidArgument, isMaridError, MaridError } from '../../../../core/errors/marid-error.js';

describe('MaridError', () => {
  test('carries its code, its facts and what was caught', () => {
    const cause = new Error('socket closed');
    const error = new MaridError('NOT_FOUND', 'Job j1 does not exist.', { facts: { job_id: 'j1' }, cause });
    expect(error).toMatchObject({ name: 'MaridError', code: 'NOT_FOUND', message: 'Job j1 does not exist.' });
    expect(error).toMatchObject({ facts: { job_id: 'j1' }, violations: [], cause });
    expect('cause' in new MaridError('INTERNAL', 'no cause')).toBe(false);
  });

  test('is retryable by its code unless it says otherwise', () => {
    const retryable = ERROR_CODES.filter((code) => new MaridError(code, '').retryable);
    expect(retryable).toEqual(['UNAVAILABLE', 'WORKER_UNREACHABLE', 'DEADLINE_EXCEEDED']);
    expect(new MaridError('UNAVAILABLE', '', { retryable: false }).retryable).toBe(false);
    expect(new MaridError('RESOURCE_EXHAUSTED', '', { retryable: true }).retryable).toBe(true);
  });
});

describe('isMaridError', () => {
  test('knows them by name and code', () => {
    expect(isMaridError(new MaridError('IN_USE', 'in use'))).toBe(true);
    const foreign = Object.assign(new Error('of another realm'), { name: 'MaridError', code: 'IN_USE', facts: {} });
    expect(isMaridError(foreign)).toBe(true);
    expect(isMaridError(new Error('in use'))).toBe(false);
    expect(isMaridError({ name: 'MaridError', code: 'IN_USE', facts: {} })).toBe(false);
    expect(isMaridError(Object.assign(new Error('x'), { code: 'IN_USE', facts: {} }))).toBe(false);
    expect(isMaridError(null)).toBe(false);
  });
});

describe('invalidArgument', () => {
  test('says every violation, as text and as data', () => {
    const violations = [
      { field: 'job.user', description: 'must not be empty.' },
      { field: 'job.name', description: 'is longer than 255 characters.' },
    ];
    const error = invalidArgument(violations);
    expect(error.message).toBe('job.user: must not be empty.; job.name: is longer than 255 characters.');
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', violations, retryable: false });
  });
});
