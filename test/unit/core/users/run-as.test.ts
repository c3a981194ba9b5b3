import { describe, expect, test } from '@jest/globals';
import { accountProblem, isAccountName, runAs, runsAsOthers } from '../../../../core/users/run-as.js';

const policy = (users: readonly string[], fallback: string | null) => ({ users, fallback, minimumUid: 1000 });

describe('runAs', () => {
  test.each([
    [[], null, 'worker'],
    [[], 'jobs', 'jobs'],
    [['ada'], null, 'ada'],
    [['ada'], 'jobs', 'ada'],
    [['ben'], 'jobs', 'jobs'],
    [['ben'], null, 'refused'],
    [['*'], null, 'ada'],
  ])('users %j and fallback %j: a job of ada runs as %s', (users, fallback, expected) => {
    const found = runAs(policy(users, fallback), 'ada');
    expect(found.kind === 'account' ? found.name : found.kind).toBe(expected);
    expect(runsAsOthers(policy(users, fallback))).toBe(expected !== 'worker');
  });
});

describe('accountProblem', () => {
  const account = { name: 'ada', uid: 1000, gid: 1000, groups: [1000, 27], home: '/' };

  test('refuses the superuser, accounts of the system and the group of the superuser', () => {
    const problem = (change: object) => accountProblem({ ...account, ...change }, policy(['*'], null));
    expect(problem({})).toBeNull();
    expect(problem({ uid: 0 })).toContain('superuser');
    expect(problem({ uid: 999 })).toContain('below 1000');
    expect(problem({ groups: [1000, 0] })).toContain('group of the superuser');
  });
});

describe('isAccountName', () => {
  test('takes names, and nothing that tools would read as something else', () => {
    for (const name of ['ada', '_apt', 'Ada.Lovelace', 'ada@example.org', 'a-b_c'])
      expect(isAccountName(name)).toBe(true);
    for (const name of ['', '0', '1000', '-u', '--', 'a b', 'a:b', 'a\nb', 'a\0', 'ä', '*', '+1', 'x'.repeat(256)]) {
      expect(isAccountName(name)).toBe(false);
    }
  });
});
