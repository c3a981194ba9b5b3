/** Real accounts of the operating system for tests, where the test may make them. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Why there can be none; `null`: there can. */
export function noAccountsBecause(): string | null {
  if (process.getuid?.() !== 0) return 'only root can make accounts';
  return existsSync('/usr/sbin/useradd') && existsSync('/usr/bin/setpriv') ? null : 'useradd and setpriv are not there';
}

/** An account, in a second group besides its own. */
export interface TestAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Its second group. */
  readonly group: number;
  remove(): void;
}

/** Makes an account that nothing else uses. */
export function makeAccount(label: string): TestAccount {
  const name = `mt-${label}-${String(process.pid)}`;
  const group = `${name}-g`;
  execFileSync('/usr/sbin/groupadd', [group]);
  execFileSync('/usr/sbin/useradd', ['--no-create-home', '--home-dir', `/tmp/${name}`, '--groups', group, name]);
  const [uid = '', gid = ''] = ['-u', '-g'].map((flag) => execFileSync('id', [flag, name], { encoding: 'utf8' }));
  const groups = execFileSync('id', ['-G', name], { encoding: 'utf8' }).trim().split(' ').map(Number);
  return {
    ...{ name, uid: Number(uid), gid: Number(gid), group: groups.find((each) => each !== Number(gid)) ?? 0 },
    remove: () => {
      execFileSync('/usr/sbin/userdel', [name], { stdio: 'ignore' });
      execFileSync('/usr/sbin/groupdel', [group], { stdio: 'ignore' });
    },
  };
}
