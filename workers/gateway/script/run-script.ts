/**
 * The `run` script of an attempt: bash that sets the environment, sources the setup files, and becomes the program. It behaves as Genie's
 * (layout, variables, setup log, failure marker) and can be run again by hand. It starts no process but `rm`, when there are setup files.
 */
import type { JobSpecification } from '../../../core/job/job.js';
import { jobCommand, jobVariables, NO_SECRETS, PROGRAM_PROBLEM_FILE, type Secrets } from './job-environment.js';
import { exportLine, quote } from './quote.js';
import { dump, exportSecretLine } from './secret-lines.js';

/** Options of `runScript`. */
export interface RunScriptOptions {
  readonly specification: JobSpecification;
  /** The job's directory, absolute. */
  readonly directory: string;
  /** Setup files below the directory, in the order in which they are sourced. */
  readonly setupFiles: readonly SetupFile[];
  /** Default: none. */
  readonly secrets?: Secrets;
  /** Where the program runs, absolute. Default: in the job's directory. */
  readonly workingDirectory?: string | null;
}

/** A setup file to source. */
export interface SetupFile {
  /** Whose it is, for the setup log: `cluster x`. */
  readonly owner: string;
  /** Path below the job's directory. */
  readonly path: string;
}

/** The text of the script. Throws `INVALID_ARGUMENT` for values that no environment or argument can hold. */
export function runScript(options: RunScriptOptions): string {
  const { specification, setupFiles, secrets = NO_SECRETS, workingDirectory = null } = options;
  const command = jobCommand(specification, options);
  const hidden = Object.keys(secrets.variables);
  return [
    `#!/bin/bash\n# Job ${quote(specification.jobId)}, attempt ${specification.attempt}. May be run again by hand.`,
    'set -o errexit -o pipefail -o nounset',
    jobVariables(specification, options.directory, secrets)
      .map(([name, value]) => (hidden.includes(name) ? exportSecretLine(name) : exportLine(name, value)))
      .join('\n'),
    ...(setupFiles.length === 0 ? [] : setup(setupFiles)),
    `builtin cd -- ${workingDirectory === null ? '"$GENIE_JOB_DIR"' : quote(workingDirectory)}`,
    dump(hidden),
    findProgram(command[0] ?? ''),
    launch(command, specification.request.rawArguments, setupFiles.length > 0),
  ]
    .join('\n\n')
    .concat('\n');
}

function setup(files: readonly SetupFile[]): readonly string[] {
  const begin = `builtin cd -- "$GENIE_JOB_DIR"
builtin echo "The job script failed during setup. See \${__GENIE_SETUP_LOG_FILE} for details" >"$__GENIE_SETUP_ERROR_MARKER_FILE"
exec 6>&1 7>&2 >"$__GENIE_SETUP_LOG_FILE" 2>&1`;
  const sources = files.map(
    (file) =>
      `builtin echo ${quote(`Sourcing setup script for ${file.owner}`)}\nsource "$GENIE_JOB_DIR"/${quote(file.path)}`,
  );
  const end = `exec 1>&6 2>&7 6>&- 7>&-
command -p rm -f -- "$__GENIE_SETUP_ERROR_MARKER_FILE"
builtin trap -p >"$__GENIE_ENVIRONMENT_DUMP_FILE"
IFS= read -r -d '' __genie_traps <"$__GENIE_ENVIRONMENT_DUMP_FILE" || true`;
  return [begin, ...sources, end];
}

/** Checks the program as bash will look it up: setup files may have changed PATH. */
function findProgram(program: string): string {
  return `__genie_problem() {
  builtin echo "$1" >&2
  builtin echo "$1" >"$GENIE_JOB_DIR"/${quote(PROGRAM_PROBLEM_FILE)}
  exit "$2"
}
__genie_program=${quote(program)}
if ! builtin type -t -- "$__genie_program" >/dev/null; then
  if [[ $__genie_program != */* ]]; then __genie_problem "Program not found: $__genie_program (PATH=\${PATH-})" 127
  elif [[ ! -e $__genie_program ]]; then __genie_problem "Program not found: $__genie_program" 127
  else __genie_problem "Program is not an executable file: $__genie_program" 126; fi
fi`;
}

/**
 * The program takes the shell's place, and with it its signals: bash 5.2 loses the exit code of a child that ends in the moment when a signal
 * interrupts `wait`. The shell stays where something is left for it to do: raw arguments, a program that is a function or a builtin, traps
 * of setup files.
 */
function launch(command: readonly string[], rawArguments: string, hasSetup: boolean): string {
  const line = command.map(quote).join(' ');
  if (rawArguments !== '') return stay(`${line} ${rawArguments}`, hasSetup);
  return `${FIND_FILE}
if [[ -n $__genie_file${hasSetup ? ' && -z $__genie_traps' : ''} ]]; then exec -- ${line}; fi

${stay(line, hasSetup)}`;
}

/** Not empty when the program is a file and no function or builtin. */
const FIND_FILE = `if [[ $__genie_program == */* ]]; then __genie_file=$__genie_program
else
  builtin hash -- "$__genie_program"
  __genie_file=\${BASH_CMDS[$__genie_program]-}
fi`;

/** The program in the foreground: a signal to the process group reaches it, and the shell, when its own time to act comes, has the exit code. */
function stay(line: string, hasSetup: boolean): string {
  const deferred = ['TERM', 'INT', 'HUP'].map((signal) =>
    hasSetup ? `[[ $__genie_traps == *' SIG${signal}'* ]] || trap : ${signal}` : `trap : ${signal}`,
  );
  return `${deferred.join('\n')}\n(\n${line}\n)\nexit "$?"`;
}
