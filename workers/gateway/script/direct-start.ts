/**
 * Starting a job's program without bash. Most jobs have no setup files and no shell text: then all that their `run` script does is known before, and the program can be
 * started with the environment that the script would have given it, for a third of the CPU time. Where there is any doubt the answer is no, and the script is run.
 *
 * What tells the two apart: without bash the program leads the process group; SIGINT and SIGQUIT have their defaults, which bash makes its background children ignore; and nobody
 * writes `Segmentation fault` to its standard error.
 */
import { constants } from 'node:os';
import type { JobSpecification } from '../../../core/job/job.js';
import type { ProcessExit } from '../../../core/ports/launcher.js';
import { isBashCommand, isBashVariable } from './bash-names.js';
import { findProgram } from './find-program.js';
import { jobVariables } from './job-environment.js';
import type { SetupFile } from './run-script.js';

/** What to start. */
export interface DirectStart {
  /** Program and arguments. The program is looked up in the PATH of the environment. */
  readonly command: readonly string[];
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Options of `directStart`. */
export interface DirectStartOptions {
  readonly specification: JobSpecification;
  /** The job's directory, absolute. */
  readonly directory: string;
  readonly setupFiles: readonly SetupFile[];
  /** By `baseEnvironment`. */
  readonly base: Readonly<Record<string, string>>;
}

/** How to start the program without the script, or `null`: only the script can. */
export function directStart({ specification, directory, setupFiles, base }: DirectStartOptions): DirectStart | null {
  const { request, resolution } = specification;
  if (setupFiles.length > 0 || request.rawArguments !== '') return null;
  if (Object.keys(request.environment).some(isBashVariable)) return null;
  const command = [...resolution.command.executable, ...request.arguments];
  const program = command[0] ?? '';
  const variables = { ...base, ...Object.fromEntries(jobVariables(specification, directory)) };
  if (isBashCommand(program)) return null;
  const file = findProgram(program, { directory, path: variables['PATH'] ?? '' });
  if (file === null) return null;
  return { command, environment: { ...variables, PWD: directory, OLDPWD: directory, SHLVL: '0', _: file } };
}

/**
 * The exit of a program that was started directly, as the script would have told it: as a shell does, 128 and the signal's number for a program that a signal ended. SIGKILL
 * to the whole group would have ended the script too.
 */
export function scriptExit(exit: ProcessExit): ProcessExit {
  const { signal } = exit.result;
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  if (number === undefined || (signal === 'SIGKILL' && exit.endedBy !== null)) return exit;
  return { ...exit, result: { ...exit.result, exitCode: 128 + number, signal: null } };
}
