import { linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import type { Account } from '../../../../../core/ports/accounts.js';
import { Attempt, WHOLE_ARCHIVE } from '../../../../../workers/gateway/attempts/attempt.js';
import { NO_SECRETS } from '../../../../../workers/gateway/script/job-environment.js';
import { directoryStage } from '../../../../../workers/gateway/staging/directory-stage.js';
import { EMPTY_PLAN } from '../../../../../workers/gateway/staging/file-plan.js';
import type { StagingContext } from '../../../../../workers/gateway/staging/staging.js';
import { AS_WORKER, ownerStage, userStage } from '../../../../../workers/gateway/staging/user-stage.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../../support/temporary-folder.js';
import { specificationWith } from '../specification.js';

const ADA: Account = { name: 'ada', uid: 12345, gid: 12346, groups: [12346], home: '/home/ada' };

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
});
afterEach(() => folder.remove());

function contextOf(user: string): StagingContext {
  const reference = { jobId: 'job-1', attempt: 1 };
  const facts = { memoryMb: 1, hasSetup: false, recordsOutputTimes: false, archive: WHOLE_ARCHIVE };
  const directory = join(folder.path, 'job-1/1');
  const attempt = new Attempt({ reference, directory, memoryKey: '', facts, sequence: 0 });
  return {
    ...{ attempt, specification: specificationWith({ request: { user } }), signal: attempt.abort.signal },
    ...{ account: null, plan: EMPTY_PLAN, secrets: NO_SECRETS, direct: null, started: null },
  };
}

describe('userStage', () => {
  test('asks for no account while jobs run as the worker', async () => {
    const context = contextOf('root');
    await userStage(AS_WORKER).run(context);
    expect(context.account).toBeNull();
  });

  test('finds the account, and says why there is none', async () => {
    const policy = { users: ['ada', 'ben', 'cleo'], fallback: null, minimumUid: 1000 };
    const find = async (name: string): Promise<Account | null> => {
      if (name === 'cleo') throw new MaridError('UNAVAILABLE', 'The accounts cannot be read.');
      return name === 'ada' ? ADA : null;
    };
    const stage = userStage({ policy, accounts: { find } });
    const context = contextOf('ada');
    await stage.run(context);
    expect(context.account).toEqual(ADA);
    const failures = [
      ['ben', 'USER_UNKNOWN', false],
      ['dan', 'USER_NOT_ALLOWED', false],
      ['cleo', 'ACCOUNTS_UNAVAILABLE', true],
    ] as const;
    for (const [user, reason, infrastructure] of failures) {
      await expect(stage.run(contextOf(user))).rejects.toMatchObject({
        name: 'StagingFailure',
        reason,
        infrastructure,
      });
    }
  });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

describe('ownerStage', () => {
  asRoot(
    'gives away all but what has other names, follows no link, and leaves the directory closed (skipped unless root)',
    async () => {
      const context = { ...contextOf('ada'), account: ADA };
      await directoryStage.run(context);
      const { directory } = context.attempt;
      for (const name of ['outside', 'cached']) writeFileSync(join(folder.path, name), name);
      linkSync(join(folder.path, 'cached'), join(directory, 'dependency'));
      symlinkSync('../../outside', join(directory, 'genie/link'));
      writeFileSync(join(directory, 'genie/own'), '');
      await ownerStage.run(context);
      const owner = (path: string): number => lstatSync(join(folder.path, path)).uid;
      const given = ['genie', 'genie/logs', 'genie/own', 'genie/link'].map((path) => owner(`job-1/1/${path}`));
      expect(given).toEqual(given.map(() => ADA.uid));
      expect(['outside', 'cached', 'job-1', 'job-1/1', 'job-1/1/dependency'].map(owner)).toEqual([0, 0, 0, 0, 0]);
      expect(lstatSync(directory).mode & 0o777).toBe(0o700);
    },
  );

  asRoot('a directory that is there already is not used (skipped unless root)', async () => {
    mkdirSync(join(folder.path, 'job-1/1'), { recursive: true });
    await expect(directoryStage.run({ ...contextOf('ada'), account: ADA })).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
