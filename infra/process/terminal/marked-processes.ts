/** Processes of a job in a terminal. They share the terminal's session with others, so they are known by a variable in their environment, which their children inherit. */
import { succeeds } from '../../../core/errors/system-error.js';
import { listProcessIds, readVariable } from '../launcher/proc.js';
import { MARK_VARIABLE } from '../launcher/survey.js';

/** Sends a signal to every process with the mark. How many there were. */
export function signalMarked(mark: string, signal: NodeJS.Signals): number {
  const marked = listProcessIds().filter((processId) => readVariable(processId, MARK_VARIABLE) === mark);
  return marked.filter((processId) => succeeds(() => process.kill(processId, signal), 'ESRCH', 'EPERM')).length;
}
