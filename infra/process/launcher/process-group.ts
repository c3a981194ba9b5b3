/** Signals to a process group and the question whether anything of it still lives. */
import { listStats } from './proc.js';
import { succeeds } from './errno.js';

/** Sends a signal to every process of the group; false when there is none. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  return succeeds(() => process.kill(-group, signal), 'ESRCH', 'EPERM');
}

/**
 * Whether a process of the group lives whose leader has been waited for. Dead members that nobody waits for do not count, and a process with the group's own
 * number can only be a later one: the number was free again, so the group was gone.
 */
export function groupSurvives(group: number): boolean {
  if (!signalGroup(group, 0)) return false;
  const members = listStats().filter((stat) => stat.group === group);
  if (members.some((stat) => stat.processId === group)) return false;
  return members.some((stat) => stat.state !== 'Z' && stat.state !== 'X');
}
