/**
 * Starting a job's program without bash. Most jobs have no setup files and no shell text: then all that their `run` script does is known before, and the program can be
 * started with the environment that the script would have given it, for a third of the CPU time. Where there is any doubt the answer is no, and the script is run.
 */
import { jobEnvironment } from '../../../core/job/environment.js';
import type { JobSpecification } from '../../../core/job/job.js';
import { isBashCommand, isBashVariable } from './bash-names.js';
import type { PlainPrograms } from './plain-program.js';
import { jobCommand, jobVariables, type Secrets } from './job-environment.js';
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
  readonly secrets: Secrets;
  readonly programs: PlainPrograms;
  /** Where the program runs, absolute. Default: in the job's directory. */
  readonly workingDirectory?: string | null;
}

/** How to start the program without the script, or `null`: only the script can. */
export function directStart(options: DirectStartOptions): DirectStart | null {
  const { specification, directory, setupFiles, base, secrets, programs } = options;
  const { request } = specification;
  const runsIn = options.workingDirectory ?? directory;
  if (setupFiles.length > 0 || request.rawArguments !== '') return null;
  if ([...jobEnvironment(specification).keys()].some(isBashVariable)) return null;
  const command = jobCommand(specification, options);
  const program = command[0] ?? '';
  // One object at the end: to spread objects of so many names into each other costs more than all the rest of the preparation.
  const variables = new Map([...Object.entries(base), ...jobVariables(specification, directory, secrets)]);
  if (isBashCommand(program)) return null;
  if (!programs.has(program, { directory: runsIn, path: variables.get('PATH') ?? '' })) return null;
  variables.set('PWD', runsIn).set('OLDPWD', runsIn).set('SHLVL', '0');
  return { command, environment: Object.fromEntries(variables) };
}
