/** The environment in which a job's script starts: nothing of the worker's own reaches a job. */
import { userInfo } from 'node:os';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The variables. */
export function baseEnvironment(): Readonly<Record<string, string>> {
  const { home, user } = account();
  return { PATH, HOME: home, USER: user, LOGNAME: user, LANG: 'C.UTF-8', TMPDIR: '/tmp' };
}

/** The account that the worker runs as; a container's user may have no entry. */
function account(): { readonly home: string; readonly user: string } {
  try {
    const { homedir, username } = userInfo();
    return { home: homedir, user: username };
  } catch {
    return { home: '/', user: 'marid' };
  }
}
