/**
 * The record of an attempt on disk: one file of up to three lines, each appended with one write before the step that it allows. `intended` before the process is started,
 * `started` before the worker is told so, `ended` before anybody hears of the exit. A line without its newline was not written, nor was one that a full disk cut off.
 */
import { createHash } from 'node:crypto';
import type { AttemptReference } from '../../../core/job/job.js';
import type { ProcessExit, StartedProcess } from '../../../core/ports/launcher.js';
import { succeeds } from './errno.js';
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

/** One line of a record. */
export type RecordLine =
  { readonly intended: IntendedProcess } | { readonly started: RecordedProcess } | { readonly ended: ProcessExit };

/** File name of an attempt's record: ids are long and may differ by case only, so it is a hash. */
export function recordName(attempt: AttemptReference): string {
  const hash = createHash('sha256').update(attempt.jobId).digest('hex').slice(0, 40);
  return `${hash}.${String(attempt.attempt)}.jsonl`;
}

/** Whether a file of the folder is a record. */
export function isRecordName(name: string): boolean {
  return /^[0-9a-f]{40}\.\d+\.jsonl$/.test(name);
}

/** A line with its newline; an exit begins with one, because the line before may have been cut off. */
export function encodeRecordLine(line: RecordLine): string {
  return `${'ended' in line ? '\n' : ''}${JSON.stringify(line)}\n`;
}

/** Reads a record; `null` when not even its first line was completed, so that no process was started. Throws on content that no launcher writes. */
export function decodeRecord(text: string): AttemptRecord | null {
  const [first, ...others] = text.split('\n').slice(0, -1);
  if (first === undefined) return null;
  let record: AttemptRecord = { intended: decodeIntended(first), started: null, exit: null };
  for (const line of others.filter(isWhole)) {
    const fields = decodeFields(decodeJson(line), 'record');
    if ('started' in fields) record = { ...record, started: decodeRecorded(fields['started']) };
    if ('ended' in fields) record = { ...record, exit: decodeExit(fields['ended']) };
  }
  return record;
}

function isWhole(line: string): boolean {
  return line !== '' && succeeds(() => decodeJson(line), 'INVALID_ARGUMENT');
}

function decodeIntended(line: string): IntendedProcess {
  const fields = decodeFields(decodeFields(decodeJson(line), 'record')['intended'], 'intended');
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
