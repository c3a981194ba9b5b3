/** The environment of a job: what the `run` script exports, and what a program gets that is started without it. */
import { resolve } from 'node:path';
import { jobEnvironment } from '../../../core/job/environment.js';
import type { JobSpecification } from '../../../core/job/job.js';
import { genieVariables } from './genie-variables.js';

/** Left in the job's directory by the script when the program cannot be run; holds why. */
export const PROGRAM_PROBLEM_FILE = 'genie/program_problem.txt';
/** Exists while the setup files run, and afterwards if one failed. */
export const SETUP_MARKER_FILE = 'genie/setup_failed.txt';
/** What the setup files print. */
export const SETUP_LOG_FILE = 'genie/logs/setup.log';
/** The environment that the program got, without what looks secret. */
export const ENVIRONMENT_DUMP_FILE = 'genie/logs/env.log';

/** What stands in the place of references to secrets. */
export interface Secrets {
  /** Content by the name of the variable that refers to it. Never written down. */
  readonly variables: Readonly<Record<string, string>>;
  /** Path of the file by the name of the variable that refers to it. */
  readonly files: Readonly<Record<string, string>>;
}

/** No references. */
export const NO_SECRETS: Secrets = { variables: {}, files: {} };

/** Pairs of name and value in the order in which they are exported: a later one wins. `directory`: the job's, absolute. */
export function jobVariables(
  specification: JobSpecification,
  directory: string,
  secrets: Secrets,
): readonly (readonly [name: string, value: string])[] {
  const { resolution } = specification;
  const own = [...jobEnvironment(specification)].map(([name, { value }]) => [name, value] as const);
  const given = new Map([...own, ...Object.entries(secrets.files), ...Object.entries(secrets.variables)]);
  const below = (path: string): string => `${directory}/${path}`;
  return [
    ['GENIE_JOB_DIR', directory],
    ['GENIE_APPLICATION_DIR', below('genie/applications')],
    ['GENIE_COMMAND_DIR', below(`genie/command/${resolution.command.id}`)],
    ['GENIE_CLUSTER_DIR', below(`genie/cluster/${resolution.cluster.id}`)],
    ['__GENIE_SETUP_LOG_FILE', below(SETUP_LOG_FILE)],
    ['__GENIE_ENVIRONMENT_DUMP_FILE', below(ENVIRONMENT_DUMP_FILE)],
    ['__GENIE_SETUP_ERROR_MARKER_FILE', below(SETUP_MARKER_FILE)],
    ...genieVariables(specification),
    ...given,
  ];
}

/**
 * Program and arguments. `workingDirectory`: where the program runs, `null` in the job's directory, where a relative path of the command is looked for in any case: the
 * command's files are there.
 */
export function jobCommand(
  { request, resolution }: JobSpecification,
  { directory, workingDirectory = null }: { readonly directory: string; readonly workingDirectory?: string | null },
): readonly string[] {
  const [program = '', ...parameters] = resolution.command.executable;
  const own = workingDirectory !== null && program.includes('/') ? resolve(directory, program) : program;
  return [own, ...parameters, ...request.arguments];
}

/** Names of variables whose values are left out of the dump. */
const SECRET = /SECRET|TOKEN|PASSWORD|KEY/i;

/** The text of `ENVIRONMENT_DUMP_FILE` as the script writes it, for a program that gets this environment. `SHLVL` is the script's own, one more. */
export function environmentDump(given: Readonly<Record<string, string>>, secrets: Secrets): string {
  const values = Object.values(secrets.variables);
  const shown = (name: string, value: string): boolean =>
    !SECRET.test(name) && !values.some((secret) => value.includes(secret));
  return Object.entries(given)
    .filter(([name, value]) => shown(name, value))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${name === 'SHLVL' ? '1' : value}\n`)
    .join('');
}
