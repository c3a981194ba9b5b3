/**
 * The launcher's guard: a sleeping shell that starts the next launcher, which ends what still runs, when this one dies or falls silent for longer than its lease
 * lasts. So no job runs unwatched, even if nothing else on the machine starts anything again.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Logger } from '../../../core/ports/logger.js';

/** What a launcher that is alive may be late, in milliseconds: it gives a sign every second. */
const PATIENCE_MS = 3000;

/** Holds Node itself open, which an upgrade may remove. Reads how many seconds to wait for the next line (nothing: for ever). The end of the input is the launcher's: only the launcher holds it open. */
const SCRIPT = `launcher=$1
seconds=$2
shift 2
shopt -s execfail
exec 3<"/proc/$launcher/exe"
while true; do
  read -r \${seconds:+-t "$seconds"} next
  code=$?
  if ((code != 0)); then break; fi
  seconds=$next
done
if ((code > 128)); then
  kill -KILL "$launcher"
  while read -r; do :; done
fi
exec </dev/null
exec -a "$1" /proc/self/fd/3 "\${@:2}"
exec "$@"`;

/** States: *absent* until the first `watch`; *watching*; *absent* again when it ended, until the next `watch`; *stopped*. */
export class Guard {
  private shell: ChildProcess | null = null;
  private stopped = false;

  constructor(
    private readonly options: {
      /** Starts a launcher like this one. */ readonly command: readonly string[];
      readonly logger: Logger;
    },
  ) {}

  /** From now on the launcher has to call this again within the time in which its processes have to be gone; `null`: nothing runs. */
  watch(withinMs: number | null): void {
    if (this.stopped || (withinMs === null && this.shell === null)) return;
    const seconds = withinMs === null ? '' : ((withinMs + PATIENCE_MS) / 1000).toFixed(3);
    if (this.shell === null) this.shell = this.start(seconds);
    else this.shell.stdin?.write(`${seconds}\n`);
  }

  /** The launcher ends on purpose; idempotent. */
  stop(): void {
    this.stopped = true;
    this.shell?.kill('SIGKILL');
  }

  /** It knows from its start how long to wait: a launcher that is stopped now would never tell it. */
  private start(seconds: string): ChildProcess {
    const parameters = ['marid-guard', String(process.pid), seconds, ...this.options.command];
    const shell = spawn('/bin/bash', ['--noprofile', '--norc', '-c', SCRIPT, ...parameters], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    const gone = (): void => {
      if (this.shell === shell) this.shell = null;
    };
    shell.once('exit', gone);
    shell.once('error', (error) => {
      this.options.logger.error({ error }, 'the guard cannot be started');
      gone();
    });
    shell.stdin?.on('error', gone);
    shell.unref();
    return shell;
  }
}
