/** The environment in which a job's script starts: nothing of the worker's own reaches a job. */
import { userInfo } from 'node:os';
import type { Account } from '../../../core/ports/accounts.js';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The variables of a job that runs as an account; `null`: as the worker. */
export function baseEnvironment(account: Account | null = null): Readonly<Record<string, string>> {
  const { home, name: user } = account ?? ownAccount();
  return { PATH, HOME: home, USER: user, LOGNAME: user, LANG: 'C.UTF-8', TMPDIR: '/tmp' };
}

/** The account that the worker runs as; a container's user may have no entry. */
function ownAccount(): { readonly home: string; readonly name: string } {
  try {
    const { homedir, username } = userInfo();
    return { home: homedir, name: username };
  } catch {
    return { home: '/', name: 'marid' };
  }
}
