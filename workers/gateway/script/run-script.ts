/**
 * The `run` script of an attempt: bash that sets the environment, sources the setup files, and runs the program as a child that gets its
 * signals. It behaves as Genie's (layout, variables, setup log, failure marker) and can be run again by hand. It starts no process but the program, and `rm`
 * when there are setup files.
 */
import type { JobSpecification } from '../../../core/job/job.js';
import { jobVariables, PROGRAM_PROBLEM_FILE } from './job-environment.js';
import { exportLine, quote } from './quote.js';

/** Options of `runScript`. */
export interface RunScriptOptions {
  readonly specification: JobSpecification;
  /** The job's directory, absolute. */
  readonly directory: string;
  /** Setup files below the directory, in the order in which they are sourced. */
  readonly setupFiles: readonly SetupFile[];
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
  const { specification, setupFiles } = options;
  return [
    `#!/bin/bash\n# Job ${quote(specification.jobId)}, attempt ${specification.attempt}. May be run again by hand.`,
    'set -o errexit -o pipefail -o nounset',
    SIGNALS,
    jobVariables(specification, options.directory)
      .map(([name, value]) => exportLine(name, value))
      .join('\n'),
    ...(setupFiles.length === 0 ? [] : setup(setupFiles)),
    'builtin cd -- "$GENIE_JOB_DIR"',
    DUMP,
    launch(specification),
  ]
    .join('\n\n')
    .concat('\n');
}

/** Set by the worker for the script alone: signals go to the whole process group, so that the script need not pass them on. */
export const GROUP_SIGNALS_VARIABLE = '__MARID_GROUP_SIGNALS';

/**
 * A signal ends the script itself when no program runs yet, else the program: as SIGTERM, because a shell's background child ignores SIGINT. A
 * program that has got it with the whole group does not get it twice (some shells lose their exit code then). `wait` is interrupted
 * by a trapped signal and then says nothing of the child, so it is asked again; when the child ended in that very moment, bash 5.2 has lost its status (-1), and the
 * signal is what is known of its end.
 */
const SIGNALS = `__genie_child=''
__genie_interrupted=0
__genie_grouped=\${${GROUP_SIGNALS_VARIABLE}-}
unset ${GROUP_SIGNALS_VARIABLE}
__genie_group_of() {
  local line fields
  read -r line <"/proc/$1/stat" && read -r -a fields <<<"\${line##*) }" && __genie_group=\${fields[2]}
}
__genie_told() {
  local __genie_group='' own
  [[ -n $__genie_grouped ]] && __genie_group_of "$$" && own=$__genie_group && __genie_group_of "$1" && [[ $__genie_group == "$own" ]]
}
__genie_signal() {
  __genie_interrupted=1
  __genie_ended=$1
  if [[ -z $__genie_child ]]; then exit "$1"; fi
  if [[ $__genie_child == starting ]] || __genie_told "$__genie_child" 2>/dev/null; then return 0; fi
  builtin kill -s TERM "$__genie_child" 2>/dev/null || true
}
trap '__genie_signal 143' TERM
trap '__genie_signal 130' INT
trap '__genie_signal 129' HUP`;

/** Writes the environment to env.log without names that look secret, in one piece: each line by itself would be a system call. No failure of it ends the job. */
const DUMP = `__genie_dump() {
  local names name __genie_lines=''
  compgen -e >"$__GENIE_ENVIRONMENT_DUMP_FILE"
  mapfile -t names <"$__GENIE_ENVIRONMENT_DUMP_FILE"
  for name in "\${names[@]}"; do
    case \${name^^} in
      *SECRET* | *TOKEN* | *PASSWORD* | *KEY*) ;;
      *) __genie_lines+=$name=\${!name-}$'\\n' ;;
    esac
  done
  builtin printf '%s' "$__genie_lines" >"$__GENIE_ENVIRONMENT_DUMP_FILE"
}
__genie_dump 2>/dev/null || true`;

function setup(files: readonly SetupFile[]): readonly string[] {
  const begin = `builtin cd -- "$GENIE_JOB_DIR"
builtin echo "The job script failed during setup. See \${__GENIE_SETUP_LOG_FILE} for details" >"$__GENIE_SETUP_ERROR_MARKER_FILE"
exec 6>&1 7>&2 >"$__GENIE_SETUP_LOG_FILE" 2>&1`;
  const sources = files.map(
    (file) =>
      `builtin echo ${quote(`Sourcing setup script for ${file.owner}`)}\nsource "$GENIE_JOB_DIR"/${quote(file.path)}`,
  );
  const end = `exec 1>&6 2>&7 6>&- 7>&-
command -p rm -f -- "$__GENIE_SETUP_ERROR_MARKER_FILE"`;
  return [begin, ...sources, end];
}

/** Checks the program as bash will look it up (setup files may have changed PATH), starts it with our standard input, and waits. */
function launch({ request, resolution }: JobSpecification): string {
  const words = [...resolution.command.executable, ...request.arguments].map(quote);
  const line = words.join(' ');
  const program = words[0] ?? "''";
  const start = request.rawArguments === '' ? `${line} <&0 &` : `(\n${line} ${request.rawArguments}\n) <&0 &`;
  return `__genie_problem() {
  builtin echo "$1" >&2
  builtin echo "$1" >"$GENIE_JOB_DIR"/${quote(PROGRAM_PROBLEM_FILE)}
  exit "$2"
}
__genie_program=${program}
if ! builtin type -t -- "$__genie_program" >/dev/null; then
  if [[ $__genie_program != */* ]]; then __genie_problem "Program not found: $__genie_program (PATH=\${PATH-})" 127
  elif [[ ! -e $__genie_program ]]; then __genie_problem "Program not found: $__genie_program" 127
  else __genie_problem "Program is not an executable file: $__genie_program" 126; fi
fi

__genie_child=starting
${start}
__genie_child=$!
if ((__genie_interrupted)); then builtin kill -s TERM "$__genie_child" 2>/dev/null || true; fi
while true; do
  __genie_interrupted=0
  __genie_code=0
  wait "$__genie_child" || __genie_code=$?
  if ((__genie_interrupted == 0)); then break; fi
done
if ((__genie_code < 0)); then __genie_code=$__genie_ended; fi
exit "$__genie_code"`;
}
