/** How children of this process never outlive it. */

/**
 * Put before this process's id and a command, starts the command so that the kernel kills it (SIGKILL) when this process dies, however it dies: `setpriv` asks for that, and
 * the shell covers the moment before, by checking that its parent still lives. Both are replaced by the command: the child's process id is the command's.
 */
export const BOUND_TO_PARENT = [
  'setpriv',
  '--pdeathsig',
  'KILL',
  'sh',
  '-c',
  'test "$PPID" = "$0" && exec "$@"',
] as const;
