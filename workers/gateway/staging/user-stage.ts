/** Decides who the job runs as, and gives that account its files. */
import { lchownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Account, Accounts } from '../../../core/ports/accounts.js';
import { accountProblem, isAccountName, runAs, runsAsOthers, type RunAsPolicy } from '../../../core/users/run-as.js';
import { StagingFailure, type Stage } from './staging.js';

/** Who jobs may run as. */
export interface UserAccess {
  readonly policy: RunAsPolicy;
  readonly accounts: Accounts;
}

/** Every job runs as the worker. */
export const AS_WORKER: UserAccess = {
  policy: { users: [], fallback: null, minimumUid: 1000 },
  accounts: { find: async () => null },
};

/** The stage that decides; the first, because the directory depends on it. */
export function userStage(access: UserAccess): Stage {
  return {
    name: 'user',
    async run(context) {
      if (!runsAsOthers(access.policy)) return;
      context.account = await accountOf(access, context.specification.request.user);
    },
  };
}

/** The stage that gives the files away; after all stages that write. The directory itself, which keeps the account out until then, is the launcher's to give. */
export const ownerStage: Stage = {
  name: 'owner',
  async run({ attempt, account }) {
    if (account !== null) giveContent(attempt.directory, account);
  },
};

async function accountOf({ policy, accounts }: UserAccess, user: string): Promise<Account | null> {
  const decision = runAs(policy, user);
  if (decision.kind === 'worker') return null;
  if (decision.kind === 'refused') throw failure('USER_NOT_ALLOWED', user, 'its configuration does not name them');
  const { name } = decision;
  const account = isAccountName(name) ? await find(accounts, name) : null;
  if (account === null) throw failure('USER_UNKNOWN', user, `it has no account ${JSON.stringify(name)}`);
  const problem = accountProblem(account, policy);
  if (problem !== null) throw failure('USER_NOT_ALLOWED', user, `no job may run as the account ${name}: ${problem}`);
  return account;
}

async function find(accounts: Accounts, name: string): Promise<Account | null> {
  try {
    return await accounts.find(name);
  } catch (error) {
    const text = `The worker cannot look the account ${JSON.stringify(name)} up.`;
    throw new StagingFailure('ACCOUNTS_UNAVAILABLE', text, true, error);
  }
}

/** What has other names too is the cache's, shared and read-only for all. Nobody but the worker can be in these folders yet. */
function giveContent(folder: string, account: Account): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const found = lstatSync(path);
    if (found.isDirectory()) giveContent(path, account);
    if (found.isDirectory() || found.nlink === 1) lchownSync(path, account.uid, account.gid);
  }
}

function failure(reason: string, user: string, why: string): StagingFailure {
  const text = `This worker does not run jobs of user ${JSON.stringify(user)}: ${why}.`;
  return new StagingFailure(reason, text, false);
}
