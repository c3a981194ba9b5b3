/** Starting a program with nothing inherited: own session and group, exact arguments and environment, output to files. */
import { closeSync, constants, fchownSync, lchownSync, lstatSync, openSync, statSync } from 'node:fs';
import { errnoOf, isErrno } from '../../../core/errors/system-error.js';
import { MaridError, type ErrorCode } from '../../../core/errors/marid-error.js';
import type { ProcessUser, StartRequest } from '../../../core/ports/launcher.js';
import { droppedCommand } from './dropped-command.js';
import { limitedCommand } from './limited-command.js';
import type { RunningChild, Spawner } from './spawner.js';

/** The job may have put a link where its output is to go: it is never followed. */
const OUTPUT_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
const OUTPUT_MODE = 0o644;
/** Errors that say that the machine has no room, so that the same start may succeed later. */
const NO_ROOM = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'ENOSPC', 'EDQUOT'];

/** What to start, and how the launcher knows it. */
export interface StartProcessOptions {
  readonly request: StartRequest;
  /** Value of `MARK_VARIABLE`. */
  readonly mark: string;
  /** Folder of the cgroup that it is to be in; `null`: none. */
  readonly cgroup: string | null;
  readonly spawner: Spawner;
}

/**
 * Starts the program and resolves as soon as it was executed, before its exit can be seen. Errors as the port says, `RESOURCE_EXHAUSTED` when the machine has no
 * room.
 */
export async function startProcess(options: StartProcessOptions): Promise<RunningChild> {
  const { stdoutPath, stderrPath } = options.request;
  const stdout = openOutput(stdoutPath);
  try {
    const stderr = openOutput(stderrPath);
    try {
      return await spawnChild(options, [stdout, stderr]);
    } finally {
      closeSync(stderr);
    }
  } finally {
    closeSync(stdout);
  }
}

/** Size of an output file in bytes; 0 when the job removed it. */
export function outputBytes(path: string): number {
  try {
    return lstatSync(path).size;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return 0;
    throw error;
  }
}

/** Whether a regular file is there, which unlike a device belongs to one job. */
export function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

async function spawnChild(options: StartProcessOptions, output: readonly [number, number]): Promise<RunningChild> {
  const { request, mark, cgroup, spawner } = options;
  const { command, directory, user, limits = {} } = request;
  if (user !== undefined) giveAway(request, user, output);
  const own = user === undefined ? command : droppedCommand(command, user);
  const [path = '', ...parameters] = limitedCommand(own, limits, cgroup);
  const { environment } = request;
  try {
    const variables = [...Object.keys(environment), ...Object.values(environment), mark];
    assertFit(path, [directory, path, ...parameters, ...variables]);
    return await spawner.spawn({ path, parameters, directory, environment, mark, output });
  } catch (error) {
    throw startError(request, path, error);
  }
}

/** The kernel would take a text up to its first NUL for all of it. */
function assertFit(path: string, texts: readonly string[]): void {
  const fit = path !== '' && !texts.join('').includes('\0');
  if (!fit) throw Object.assign(new Error('no program, or NUL in a text'), { code: 'EINVAL' });
}

/** The directory last: until then nobody else could put anything into it. */
function giveAway({ directory }: StartRequest, { uid, gid }: ProcessUser, output: readonly number[]): void {
  for (const descriptor of output) fchownSync(descriptor, uid, gid);
  lchownSync(directory, uid, gid);
}

function openOutput(path: string): number {
  try {
    return openSync(path, OUTPUT_FLAGS, OUTPUT_MODE);
  } catch (error) {
    const code: ErrorCode = isErrno(error, ...NO_ROOM) ? 'RESOURCE_EXHAUSTED' : 'INVALID_ARGUMENT';
    throw new MaridError(code, `The output file ${JSON.stringify(path)} cannot be opened: ${reasonOf(error)}.`);
  }
}

function startError(request: StartRequest, program: string, cause: unknown): MaridError {
  const name = JSON.stringify(program);
  const reason = reasonOf(cause);
  if (isErrno(cause, ...NO_ROOM)) {
    return new MaridError('RESOURCE_EXHAUSTED', `No room to start ${name}: ${reason}.`, { cause, retryable: true });
  }
  if (!isDirectory(request.directory)) {
    const directory = JSON.stringify(request.directory);
    return new MaridError('INVALID_ARGUMENT', `The working directory ${directory} does not exist.`, { cause });
  }
  if (isErrno(cause, 'ENOENT')) {
    return new MaridError('NOT_FOUND', `The program ${name}, or the interpreter that it names, does not exist.`, {
      cause,
    });
  }
  return new MaridError('INVALID_ARGUMENT', `The program ${name} cannot be executed: ${reason}.`, { cause });
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return false;
    throw error;
  }
}

function reasonOf(error: unknown): string {
  return errnoOf(error) ?? 'unknown error';
}
