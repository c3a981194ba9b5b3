/**
 * Starting a program under limits of the kernel: bash, which every node has for the `run` script, sets them for itself and becomes the program. Node can set none, and what is
 * set for a process that runs already comes too late for its first children.
 */
import type { ProcessLimits } from '../../../core/ports/launcher.js';

const BASH = '/bin/bash';
/** KiB of a MiB: bash's unit for the size of files. */
const KIB = 1024;
/** From the signal of the CPU time to the kill, in seconds of CPU time. */
const CPU_GRACE_S = 10;

/**
 * The first parameter is a folder of cgroups to go into, each of the next a limit as `ulimit` takes it. A limit that cannot be set is one below the present one: the lower one holds.
 * `_`, which bash adds, names the program as after every start by a shell.
 */
const SCRIPT = `if [[ -n $1 ]]; then builtin echo 0 >"$1/cgroup.procs" || exit 125; fi
shift
while [[ $1 != -- ]]; do
  builtin ulimit "$1" "$2" 2>/dev/null
  shift 2
done
shift
exec -- "$@"`;

/** The command that runs `command` under the limits; itself when there are none to set at the start. */
export function limitedCommand(
  command: readonly string[],
  limits: ProcessLimits,
  cgroup: string | null,
): readonly string[] {
  const settings = ulimits(limits);
  if (settings.length === 0 && cgroup === null) return command;
  return [BASH, '--noprofile', '--norc', '-c', SCRIPT, 'marid-limits', cgroup ?? '', ...settings, '--', ...command];
}

/** The number of processes is not among them: the kernel counts those of the user, not those of the job, and for root none. */
function ulimits({ cpuTimeMs, openFiles, fileMb }: ProcessLimits): readonly string[] {
  const seconds = cpuTimeMs === undefined ? null : Math.ceil(cpuTimeMs / 1000);
  return [
    ...(seconds === null ? [] : ['-Ht', String(seconds + CPU_GRACE_S), '-St', String(seconds)]),
    ...(openFiles === undefined ? [] : ['-n', String(openFiles)]),
    ...(fileMb === undefined ? [] : ['-f', String(fileMb * KIB)]),
  ];
}
