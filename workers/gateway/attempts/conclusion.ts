/** What the end of a process means for its attempt. Pure. */
import type { LimitHit, ProcessExit } from '../../../core/ports/launcher.js';
import type { WorkerEvent } from '../../../core/job/job.js';
import { exitText } from '../script/exit-names.js';

/** The end of an attempt. */
export type Conclusion = Pick<WorkerEvent, 'reason' | 'message' | 'infrastructureFailure'> & {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'KILLED';
};

/** What the attempt's folder tells besides the exit. */
export interface ExitTraces {
  /** End of the setup log when the setup did not come to its end, else `null`. */
  readonly failedSetup: string | null;
  /** Why the script could not run the program, or `null`. */
  readonly programProblem: string | null;
}

/** Longest part of the setup log that goes into a message. */
const MOST_LOG_CHARACTERS = 200;
/** Longest report of why the program cannot be run. */
const MOST_PROBLEM_CHARACTERS = 500;

/** Killed on request, before or after the start. */
export const KILLED_BY_USER = conclusion('KILLED', 'KILLED', 'Job was killed by user.');

/** Exit code 0 beats every kill. Setup that did not come to its end is a failure whatever the exit code. */
export function concludeExit(exit: ProcessExit, traces: ExitTraces): Conclusion {
  if (exit.result.exitCode === 0 && traces.failedSetup === null) {
    return conclusion('SUCCEEDED', 'EXIT_CODE', 'Job finished successfully.');
  }
  switch (exit.endedBy) {
    case 'kill':
      return KILLED_BY_USER;
    case 'timeout':
      return conclusion('KILLED', 'TIMEOUT', 'Job exceeded timeout.');
    case 'lease':
      return infrastructure('LEASE_EXPIRED', 'The worker lost touch with the control plane for too long.');
    case 'limit':
      return exit.hit === undefined ? concludeOwnEnd(exit, traces) : concludeLimit(exit.hit);
    case null:
      return concludeOwnEnd(exit, traces);
    default:
      return exit.endedBy satisfies never;
  }
}

/** What the limits are called: reason, words, unit. */
const LIMITS: Readonly<Record<LimitHit['limit'], readonly [reason: string, words: string, unit: string]>> = {
  memory: ['MEMORY_LIMIT', 'memory limit', 'MiB'],
  cpuTime: ['CPU_TIME_LIMIT', 'limit of CPU time', 'ms'],
  processes: ['PROCESS_LIMIT', 'limit of processes', 'processes'],
  fileSize: ['FILE_SIZE_LIMIT', 'limit for the size of a file', 'MiB'],
  folderSize: ['FOLDER_SIZE_LIMIT', "limit for the size of the job's directory", 'MiB'],
  folderFiles: ['FOLDER_FILES_LIMIT', "limit of files in the job's directory", 'files'],
};

/** A limit that ended the job is its own failure. */
function concludeLimit({ limit, allowed, used }: LimitHit): Conclusion {
  const [reason, words, unit] = LIMITS[limit];
  const found = used === null ? '' : `, ${used} ${unit} found`;
  return conclusion('FAILED', reason, `Job failed: it reached its ${words} (${allowed} ${unit} allowed${found}).`);
}

/** A failure of the worker. */
export function infrastructure(reason: string, message: string): Conclusion {
  return { ...conclusion('FAILED', reason, message), infrastructureFailure: true };
}

/** A text with its control characters made visible. */
export function escapeText(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll('\u007f', '\\u007f');
}

function concludeOwnEnd({ result }: ProcessExit, traces: ExitTraces): Conclusion {
  if (traces.failedSetup !== null) {
    const tail = escapeText(traces.failedSetup.trim()).slice(-MOST_LOG_CHARACTERS);
    const found = tail === '' ? '' : ` It ended with: ${tail}`;
    return conclusion('FAILED', 'SETUP_FAILED', `Job failed: its setup failed; see genie/logs/setup.log.${found}`);
  }
  if (traces.programProblem !== null) {
    return conclusion(
      'FAILED',
      'PROGRAM_NOT_FOUND',
      `Job failed: ${escapeText(traces.programProblem.trim()).slice(0, MOST_PROBLEM_CHARACTERS)}`,
    );
  }
  if (result.signal !== null) {
    return conclusion('FAILED', 'SIGNAL', `Job failed: the signal ${result.signal} ended it.`);
  }
  if (result.exitCode !== null) {
    return conclusion('FAILED', 'EXIT_CODE', `Job failed with ${exitText(result.exitCode)}.`);
  }
  const lost = "Job failed: the worker's launcher died while it ran, so how its program ended is not known.";
  return infrastructure('EXIT_UNKNOWN', lost);
}

function conclusion(status: Conclusion['status'], reason: string, message: string): Conclusion {
  return { status, reason, message, infrastructureFailure: false };
}
