/** The environment of a job: what the `run` script exports, and what a program gets that is started without it. */
import { join } from 'node:path';
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

/** Pairs of name and value in the order in which they are exported: a later one wins. `directory`: the job's, absolute. */
export function jobVariables(
  specification: JobSpecification,
  directory: string,
): readonly (readonly [name: string, value: string])[] {
  const { resolution, request } = specification;
  const below = (path: string): string => join(directory, path);
  return [
    ['GENIE_JOB_DIR', directory],
    ['GENIE_APPLICATION_DIR', below('genie/applications')],
    ['GENIE_COMMAND_DIR', below(`genie/command/${resolution.command.id}`)],
    ['GENIE_CLUSTER_DIR', below(`genie/cluster/${resolution.cluster.id}`)],
    ['__GENIE_SETUP_LOG_FILE', below(SETUP_LOG_FILE)],
    ['__GENIE_ENVIRONMENT_DUMP_FILE', below(ENVIRONMENT_DUMP_FILE)],
    ['__GENIE_SETUP_ERROR_MARKER_FILE', below(SETUP_MARKER_FILE)],
    ...genieVariables(specification),
    ...Object.entries(request.environment),
  ];
}

/** Names of variables whose values are left out of the dump. */
const SECRET = /SECRET|TOKEN|PASSWORD|KEY/i;

/** The text of `ENVIRONMENT_DUMP_FILE` as the script writes it, for a program that gets this environment. `SHLVL` is the script's own, one more. */
export function environmentDump(given: Readonly<Record<string, string>>): string {
  const environment: Readonly<Record<string, string>> = { ...given, SHLVL: '1' };
  const names = Object.keys(environment).filter((name) => !SECRET.test(name));
  return names
    .sort()
    .map((name) => `${name}=${environment[name] ?? ''}\n`)
    .join('');
}
