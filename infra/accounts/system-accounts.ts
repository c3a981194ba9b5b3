/** `Accounts` of the system, by `getent` and `id`: they ask what the machine is configured to ask (files, LDAP, SSSD). */
import { execFile } from 'node:child_process';
import { LRUCache } from 'lru-cache';
import { MaridError } from '../../core/errors/marid-error.js';
import type { Account, Accounts } from '../../core/ports/accounts.js';

/** How long an answer counts, in milliseconds. */
const FRESH_MS = 60_000;
/** How long the system may take, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** `getent` and `id` say so that there is no such name. */
const ABSENT_CODES = [1, 2];

export class SystemAccounts implements Accounts {
  readonly #known = new LRUCache<string, { readonly account: Account | null }>({
    max: 1000,
    ttl: FRESH_MS,
    fetchMethod: async (name) => ({ account: await lookUp(name) }),
  });

  async find(name: string): Promise<Account | null> {
    const found = await this.#known.fetch(name);
    return found?.account ?? null;
  }
}

/** A look at the entry says whether it is the name's own: `getent` takes numbers too. */
async function lookUp(name: string): Promise<Account | null> {
  const entry = await run('getent', ['passwd', '--', name]);
  const [found, , uid, gid, , home] = entry?.trimEnd().split(':') ?? [];
  if (found !== name) return null;
  const groups = await run('id', ['-G', '--', name]);
  if (groups === null) return null;
  const numbers = [uid, gid, ...groups.trim().split(' ')].map(Number);
  if (!numbers.every((each) => Number.isSafeInteger(each) && each >= 0)) throw unreadable(name);
  const [uidNumber = 0, gidNumber = 0, ...rest] = numbers;
  return { name, uid: uidNumber, gid: gidNumber, groups: [...new Set([gidNumber, ...rest])], home: home || '/' };
}

/** What the tool prints; `null` when it knows no such name. */
function run(tool: string, parameters: readonly string[]): Promise<string | null> {
  return new Promise((resolve, reject) => {
    execFile(
      tool,
      parameters,
      { timeout: TIMEOUT_MS, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } },
      (error, stdout) => {
        if (error === null) resolve(stdout);
        else if (typeof error.code === 'number' && ABSENT_CODES.includes(error.code)) resolve(null);
        else
          reject(
            new MaridError('UNAVAILABLE', `The accounts of the system cannot be read: ${tool} failed.`, {
              cause: error,
            }),
          );
      },
    );
  });
}

function unreadable(name: string): MaridError {
  return new MaridError('UNAVAILABLE', `The entry of the account ${JSON.stringify(name)} cannot be understood.`);
}
