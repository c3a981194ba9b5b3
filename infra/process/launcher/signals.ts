/** Signals to the processes of a job. They go to groups, which no fork escapes; a group has one session, so its processes are all of the job or none is. */
import { succeeds } from '../../../core/errors/system-error.js';
import { readStat, type ProcessStat } from './proc.js';

/** Sends a signal to every process of the group; false when there is none. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  return succeeds(() => process.kill(-group, signal), 'ESRCH', 'EPERM');
}

/** Sends a signal to the groups of these processes. A group none of whose processes is any more what it was is left alone: its number may be another's. */
export function signalGroupsOf(members: readonly ProcessStat[], signal: NodeJS.Signals): void {
  const done = new Set<number>();
  for (const member of members) {
    if (done.has(member.group) || member.group <= 1 || !isStill(member)) continue;
    done.add(member.group);
    signalGroup(member.group, signal);
  }
}

function isStill({ processId, startTicks, group }: ProcessStat): boolean {
  const now = readStat(processId);
  return now !== null && now.startTicks === startTicks && now.group === group;
}
