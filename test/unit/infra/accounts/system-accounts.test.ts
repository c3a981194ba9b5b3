import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { checkRunAs } from '../../../../infra/accounts/check-run-as.js';
import { SystemAccounts } from '../../../../infra/accounts/system-accounts.js';
import { makeTemporaryFolder } from '../../../support/temporary-folder.js';
import { noAccountsBecause } from '../../../support/test-accounts.js';

const accounts = new SystemAccounts();

describe('SystemAccounts', () => {
  test('finds an account with its groups and home', async () => {
    const { username, uid, gid, homedir } = userInfo();
    const found = await accounts.find(username);
    expect(found).toMatchObject({ name: username, uid, gid, home: homedir });
    expect([...(found?.groups ?? [])].sort()).toEqual([...new Set([gid, ...(process.getgroups?.() ?? [])])].sort());
  });

  test('knows names only', async () => {
    for (const name of ['no-such-user', '0', '', '-s', 'root:x']) expect(await accounts.find(name)).toBeNull();
  });
});

const skipped = noAccountsBecause();
(skipped === null ? describe : describe.skip)('checkRunAs', () => {
  const check = (fallback: string | null, minimumUid = 1000) =>
    checkRunAs({ users: ['ada'], fallback, minimumUid }, '/usr', accounts);

  test('accepts what can be done', async () => {
    await check(null);
    await check('daemon', 1);
  });

  test('refuses a fallback that no job may run as', async () => {
    await expect(check('root')).rejects.toThrow('runAsUser is "root", but it is the superuser');
    await expect(check('no-such-user')).rejects.toThrow('there is no such account');
    await expect(check('daemon')).rejects.toThrow('below 1000');
  });

  test('refuses a folder that others cannot reach, and names the one that keeps them out', async () => {
    const folder = makeTemporaryFolder();
    const below = join(folder.path, 'worker/jobs');
    mkdirSync(below, { recursive: true });
    const checked = checkRunAs({ users: ['*'], fallback: null, minimumUid: 1000 }, below, accounts);
    await expect(checked).rejects.toThrow(`because ${folder.path} keeps them out: \`chmod o+x\` it`);
    folder.remove();
  });
});
