/** When a task of the leader is due. */
import { Cron } from 'croner';
import { errorText } from '../../../core/errors/system-error.js';

/** Every so many milliseconds, counted from the end of a run; or by a cron expression of five fields, in UTC. */
export type Schedule = { readonly everyMs: number } | { readonly cron: string };

const FIVE_FIELDS = /^(@\w+|\S+( +\S+){4})$/;

/** Why a text is no cron expression that ever comes due; `null` when it is one. */
export function cronProblem(text: string): string | null {
  if (!FIVE_FIELDS.test(text)) return 'must be a cron expression of five fields';
  try {
    return nextTime(text, 0) === null ? 'names a time that never comes' : null;
  } catch (error) {
    return `must be a cron expression: ${errorText(error)}`;
  }
}

/** Wall-clock time of the run that follows a run, milliseconds since the epoch; `null`: never. */
export function nextRunAt(
  schedule: Schedule,
  last: { readonly startedAt: number; readonly durationMs: number },
): number | null {
  if ('everyMs' in schedule) return last.startedAt + last.durationMs + schedule.everyMs;
  return nextTime(schedule.cron, last.startedAt);
}

function nextTime(cron: string, after: number): number | null {
  return new Cron(cron, { timezone: 'UTC', paused: true, mode: '5-part' }).nextRun(new Date(after))?.getTime() ?? null;
}
