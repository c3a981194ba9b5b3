/** Checked reading of what comes off a socket or out of a record: plain JSON values in, domain values out, a thrown error for anything else. */
import type { AttemptReference, ExitResult } from '../../../core/job/job.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import type {
  HeldProcess,
  LimitHit,
  ProcessExit,
  ProcessLimits,
  ProcessUser,
  StartedProcess,
  StartRequest,
} from '../../../core/ports/launcher.js';

/** Limits that are numbers. */
const LIMITS = ['memoryMb', 'cpuTimeMs', 'openFiles', 'processes', 'fileMb'] as const;
/** Limits by which an attempt ends. */
const HITS: readonly LimitHit['limit'][] = ['memory', 'cpuTime', 'processes', 'fileSize', 'folderSize', 'folderFiles'];

/** A JSON object of unknown content. */
export type Fields = Readonly<Record<string, unknown>>;

/** Parses a line as JSON; `INVALID_ARGUMENT` when it is none. */
export function decodeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MaridError('INVALID_ARGUMENT', 'A message is not JSON.', { cause: error });
  }
}

/** A JSON object, else `INVALID_ARGUMENT`. */
export function decodeFields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unfit(what, 'an object');
  return value as Fields;
}

/** A string. */
export function decodeText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw unfit(what, 'a string');
  return value;
}

/** A finite number, 0 or above. */
export function decodeNumber(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw unfit(what, 'a number from 0');
  return value;
}

/** A list with every entry decoded. */
export function decodeList<T>(value: unknown, what: string, decodeEntry: (entry: unknown, what: string) => T): T[] {
  if (!Array.isArray(value)) throw unfit(what, 'a list');
  return value.map((entry: unknown) => decodeEntry(entry, what));
}

/** `null`, or what `decodeValue` makes of it. */
export function decodeNullable<T>(value: unknown, what: string, decodeValue: (value: unknown, what: string) => T) {
  return value === null ? null : decodeValue(value, what);
}

/** The name of an attempt. */
export function decodeAttempt(value: unknown): AttemptReference {
  const fields = decodeFields(value, 'attempt');
  return { jobId: decodeText(fields['jobId'], 'jobId'), attempt: decodeNumber(fields['attempt'], 'attempt') };
}

/** A process to start, with what the port promises of it: a program, absolute paths. */
export function decodeStartRequest(value: unknown): StartRequest {
  const fields = decodeFields(value, 'start');
  const command = decodeList(fields['command'], 'command', decodeText);
  if (command.length === 0) throw unfit('command', 'a program and its arguments');
  return {
    attempt: decodeAttempt(fields['attempt']),
    command,
    directory: decodePath(fields['directory'], 'directory'),
    environment: decodeTexts(fields['environment'], 'environment'),
    stdoutPath: decodePath(fields['stdoutPath'], 'stdoutPath'),
    stderrPath: decodePath(fields['stderrPath'], 'stderrPath'),
    timeoutMs: decodeNumber(fields['timeoutMs'], 'timeoutMs'),
    ...('user' in fields ? { user: decodeUser(fields['user']) } : {}),
    ...('limits' in fields ? { limits: decodeLimits(fields['limits']) } : {}),
  };
}

/** A process that was started. */
export function decodeStarted(value: unknown): StartedProcess {
  const fields = decodeFields(value, 'process');
  return {
    processId: decodeNumber(fields['processId'], 'processId'),
    startedAt: decodeNumber(fields['startedAt'], 'startedAt'),
  };
}

/** The end of a process. */
export function decodeExit(value: unknown): ProcessExit {
  const fields = decodeFields(value, 'exit');
  const by = fields['endedBy'];
  if (by !== null && by !== 'kill' && by !== 'timeout' && by !== 'lease' && by !== 'limit')
    throw unfit('endedBy', 'a known cause');
  return {
    attempt: decodeAttempt(fields['attempt']),
    result: decodeResult(fields['result']),
    endedAt: decodeNumber(fields['endedAt'], 'endedAt'),
    endedBy: by,
    ...('hit' in fields ? { hit: decodeHit(fields['hit']) } : {}),
  };
}

/** A limit that was reached. */
export function decodeHit(value: unknown): LimitHit {
  const fields = decodeFields(value, 'hit');
  const limit = HITS.find((known) => known === fields['limit']);
  if (limit === undefined) throw unfit('limit', 'a known limit');
  return {
    limit,
    allowed: decodeNumber(fields['allowed'], 'allowed'),
    used: decodeNullable(fields['used'], 'used', decodeNumber),
  };
}

/** A process that runs or an exit that was not taken. */
export function decodeHeld(value: unknown): HeldProcess {
  const fields = decodeFields(value, 'held process');
  const attempt = decodeAttempt(fields['attempt']);
  if (fields['kind'] === 'running') return { kind: 'running', attempt, process: decodeStarted(fields['process']) };
  if (fields['kind'] === 'ended') return { kind: 'ended', attempt, exit: decodeExit(fields['exit']) };
  throw unfit('kind', 'running or ended');
}

function decodeResult(value: unknown): ExitResult {
  const fields = decodeFields(value, 'result');
  return {
    exitCode: decodeNullable(fields['exitCode'], 'exitCode', decodeNumber),
    signal: decodeNullable(fields['signal'], 'signal', decodeText),
    processId: decodeNullable(fields['processId'], 'processId', decodeNumber),
    stdoutBytes: decodeNumber(fields['stdoutBytes'], 'stdoutBytes'),
    stderrBytes: decodeNumber(fields['stderrBytes'], 'stderrBytes'),
    peakMemoryBytes: decodeNullable(fields['peakMemoryBytes'], 'peakMemoryBytes', decodeNumber),
    cpuTimeMs: decodeNullable(fields['cpuTimeMs'], 'cpuTimeMs', decodeNumber),
    ...decodeNumbers(fields, ['bytesRead', 'bytesWritten']),
  };
}

function decodeUser(value: unknown): ProcessUser {
  const fields = decodeFields(value, 'user');
  return {
    uid: decodeNumber(fields['uid'], 'uid'),
    gid: decodeNumber(fields['gid'], 'gid'),
    groups: decodeList(fields['groups'], 'groups', decodeNumber),
  };
}

function decodeLimits(value: unknown): ProcessLimits {
  const fields = decodeFields(value, 'limits');
  const by = fields['memoryBy'] ?? 'watch';
  if (by !== 'watch' && by !== 'cgroup' && by !== 'auto') throw unfit('memoryBy', 'a known way');
  return { ...decodeNumbers(fields, LIMITS), memoryBy: by };
}

/** Those of the numbers that are there. */
function decodeNumbers<K extends string>(fields: Fields, names: readonly K[]): Partial<Record<K, number>> {
  const numbers: Partial<Record<K, number>> = {};
  for (const name of names) if (name in fields) numbers[name] = decodeNumber(fields[name], name);
  return numbers;
}

/** The object itself: copying an environment costs as much as parsing it. */
function decodeTexts(value: unknown, what: string): Readonly<Record<string, string>> {
  const fields = decodeFields(value, what);
  for (const name of Object.keys(fields)) decodeText(fields[name], what);
  return fields as Readonly<Record<string, string>>;
}

function decodePath(value: unknown, what: string): string {
  const path = decodeText(value, what);
  if (!path.startsWith('/')) throw unfit(what, 'an absolute path');
  return path;
}

function unfit(what: string, expected: string): MaridError {
  return new MaridError('INVALID_ARGUMENT', `${what} has to be ${expected}.`);
}
