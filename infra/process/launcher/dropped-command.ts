/**
 * Starting a program as another user. `setpriv` of util-linux does it: Node can set user and group, but then empties the list of the other groups, and cannot forbid that
 * a set-user-id program gives rights back. It becomes the program: process number, signals and exit are the program's own.
 */
import type { ProcessUser } from '../../../core/ports/launcher.js';

const SETPRIV = '/usr/bin/setpriv';

/** The command that runs `command` as the user, with exactly these groups and no way back. */
export function droppedCommand(command: readonly string[], user: ProcessUser): readonly [string, ...string[]] {
  const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, `--groups=${user.groups.join(',')}`];
  return [SETPRIV, ...ids, '--inh-caps=-all', '--no-new-privs', '--', ...command];
}
