/** Words for exit codes as a shell gives them. */

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
};

/** `exit code 137 (SIGKILL)`: a shell reports a program that a signal ended as 128 and the signal's number. */
export function exitText(exitCode: number): string {
  const signal = SIGNALS[exitCode - 128];
  return signal === undefined ? `exit code ${exitCode}` : `exit code ${exitCode} (${signal})`;
}
