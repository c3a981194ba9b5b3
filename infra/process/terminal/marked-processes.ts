/** Processes of a job in a terminal. They share the terminal's session with others, so they are known by a variable in their environment, which their children inherit. */
import { readdirSync, readFileSync } from 'node:fs';
import { isErrno } from '../../../core/errors/system-error.js';
import { MARK_VARIABLE } from '../launcher/survey.js';

/** Sends a signal to every process with the mark. How many there were. */
export function signalMarked(mark: string, signal: NodeJS.Signals): number {
  return markedProcesses(mark).filter((processId) => send(processId, signal)).length;
}

function markedProcesses(mark: string): readonly number[] {
  const wanted = `${MARK_VARIABLE}=${mark}`;
  const processIds = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return processIds.filter((processId) => environmentOf(processId).split('\0').includes(wanted));
}

/** Processes vanish while they are looked at, and others' may not be looked into. */
function environmentOf(processId: number): string {
  try {
    return readFileSync(`/proc/${String(processId)}/environ`, 'latin1');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return '';
    throw error;
  }
}

function send(processId: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(processId, signal);
    return true;
  } catch (error) {
    if (isErrno(error, 'ESRCH', 'EPERM')) return false;
    throw error;
  }
}
