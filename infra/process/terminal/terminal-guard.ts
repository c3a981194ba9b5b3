/**
 * Ends the processes of a job in a terminal when the command that holds its lease is killed, or hangs for longer than the lease: a sleeping shell that waits for the
 * next sign of life. Ctrl-C does not reach it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { MARK_VARIABLE } from '../launcher/survey.js';

/** What the command may be late, in milliseconds. */
const PATIENCE_MS = 2000;
/** Seconds between SIGTERM and SIGKILL. */
const GRACE_S = 3;

/** Reads how many seconds to wait for the next line. The end of the input is the command's: only the command holds it open. */
const SCRIPT = `mark=$1 seconds=$2
while read -r -t "$seconds" seconds; do :; done
for signal in TERM KILL; do
  for file in $(grep -lzxF -- "$mark" /proc/[0-9]*/environ); do
    process=\${file#/proc/}
    kill -s "$signal" "\${process%/environ}"
  done
  sleep ${String(GRACE_S)}
done 2>/dev/null`;

/** States: *watching* from the start; *stopped*. */
export class TerminalGuard {
  private readonly shell: ChildProcess;

  constructor(options: { readonly mark: string; /** Until the first `watch`. */ readonly withinMs: number }) {
    const parameters = ['marid-guard', `${MARK_VARIABLE}=${options.mark}`, seconds(options.withinMs)];
    this.shell = spawn('/bin/bash', ['--noprofile', '--norc', '-c', SCRIPT, ...parameters], {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.shell.on('error', () => undefined); // without bash there is no `run` script either: the start says so
    this.shell.stdin?.on('error', () => undefined);
    this.shell.unref();
  }

  /** From now on this has to be called again within the time in which the processes have to be gone. */
  watch(withinMs: number): void {
    this.shell.stdin?.write(`${seconds(withinMs)}\n`);
  }

  /** Nothing is left to end; idempotent. */
  stop(): void {
    this.shell.kill('SIGKILL');
  }
}

function seconds(ms: number): string {
  return ((ms + PATIENCE_MS) / 1000).toFixed(3);
}
