/**
 * The record of an attempt on disk: lines, each written before the step that it allows. `intended` before the process is started,
 * `started` before the worker is told so, `ended` before anybody hears of the exit, `forgotten` when the worker has taken it. A line without its newline was not written.
 */
import type { AttemptReference } from '../../../core/job/job.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { ProcessExit, StartedProcess } from '../../../core/ports/launcher.js';
import {
  decodeAttempt,
  decodeExit,
  decodeFields,
  decodeJson,
  decodeNumber,
  decodeStarted,
  decodeText,
} from './wire.js';

/** What is written before the process is started. */
export interface IntendedProcess {
  readonly attempt: AttemptReference;
  /** Kernel boot and process-number space: numbers mean nothing in another. */
  readonly boot: string;
  readonly stdoutPath: string;
  readonly stderrPath: string;
}

/** What is written once it runs; `startTicks` tells it from a later process with the same number. */
export interface RecordedProcess extends StartedProcess {
  /** Start in kernel ticks since boot. */
  readonly startTicks: number;
}

/** A record as it was read. */
export interface AttemptRecord {
  readonly intended: IntendedProcess;
  readonly started: RecordedProcess | null;
  readonly exit: ProcessExit | null;
}

/** One line of the records. */
export type RecordLine =
  | { readonly intended: IntendedProcess }
  | { readonly attempt: AttemptReference; readonly started: RecordedProcess }
  | { readonly ended: ProcessExit }
  | { readonly forgotten: AttemptReference };

/** Which attempt a line is about. */
function attemptOfLine(line: RecordLine): AttemptReference {
  if ('intended' in line) return line.intended.attempt;
  if ('started' in line) return line.attempt;
  return 'ended' in line ? line.ended.attempt : line.forgotten;
}

/** An attempt as the key of a map: a number has no `/`. */
export function keyOfAttempt({ jobId, attempt }: AttemptReference): string {
  return `${String(attempt)}/${jobId}`;
}

/** A line with its newline; an exit begins with one, because the line before may have been cut off. */
export function encodeRecordLine(line: RecordLine): string {
  return `${'ended' in line ? '\n' : ''}${JSON.stringify(line)}\n`;
}

/** Reads the records that were not forgotten, by `keyOfAttempt`. Lines that no launcher writes are told to `onUnfit` and passed over. */
export function decodeRecords(
  text: string,
  onUnfit: (line: string, error: unknown) => void,
): ReadonlyMap<string, AttemptRecord> {
  const records = new Map<string, AttemptRecord>();
  for (const line of text.split('\n').slice(0, -1)) {
    if (line === '') continue;
    try {
      applyLine(records, decodeLine(line));
    } catch (error) {
      onUnfit(line, error);
    }
  }
  return records;
}

function applyLine(records: Map<string, AttemptRecord>, line: RecordLine): void {
  const key = keyOfAttempt(attemptOfLine(line));
  const known = records.get(key);
  if ('intended' in line) records.set(key, { intended: line.intended, started: null, exit: null });
  else if ('forgotten' in line) records.delete(key);
  else if (known === undefined)
    throw new MaridError('INVALID_ARGUMENT', 'The line is of an attempt that was not intended.');
  else if ('started' in line) records.set(key, { ...known, started: line.started });
  else records.set(key, { ...known, exit: line.ended });
}

function decodeLine(text: string): RecordLine {
  const fields = decodeFields(decodeJson(text), 'record');
  if ('intended' in fields) return { intended: decodeIntended(fields['intended']) };
  if ('started' in fields)
    return { attempt: decodeAttempt(fields['attempt']), started: decodeRecorded(fields['started']) };
  if ('ended' in fields) return { ended: decodeExit(fields['ended']) };
  return { forgotten: decodeAttempt(fields['forgotten']) };
}

function decodeIntended(value: unknown): IntendedProcess {
  const fields = decodeFields(value, 'intended');
  return {
    attempt: decodeAttempt(fields['attempt']),
    boot: decodeText(fields['boot'], 'boot'),
    stdoutPath: decodeText(fields['stdoutPath'], 'stdoutPath'),
    stderrPath: decodeText(fields['stderrPath'], 'stderrPath'),
  };
}

function decodeRecorded(value: unknown): RecordedProcess {
  const startTicks = decodeNumber(decodeFields(value, 'started')['startTicks'], 'startTicks');
  return { ...decodeStarted(value), startTicks };
}
