/** The ends of children that Node does not know: it waits for its own only. */
import { constants } from 'node:os';
import type { Libc, NativeFunction } from './libc.js';
import type { ExitStatus } from './spawner.js';

/** `WNOHANG`, `WEXITED` and `WNOWAIT` of Linux; `P_ALL`. */
const NO_HANG = 1;
const EXITED = 4;
const NO_WAIT = 0x0100_0000;
const ALL = 0;
/** Room for `siginfo_t`, and where the process number is in it on machines of 64 bits, as an index of 32-bit words. */
const INFORMATION_WORDS = 32;
const PROCESS_WORD = 4;

/**
 * Waits for each child when the kernel says that some have ended. It looks who it is without waiting for them, because Node's own children are Node's: their exit
 * status goes to whoever waits first.
 */
export class ChildExits {
  private readonly children = new Map<number, (status: ExitStatus) => void>();
  private readonly waitFor: NativeFunction;
  private readonly look: NativeFunction;
  private readonly status = new Int32Array(1);
  private readonly information = new Int32Array(INFORMATION_WORDS);

  constructor(libc: Libc) {
    this.waitFor = libc.function('int waitpid(int pid, void *status, int options)');
    this.look = libc.function('int waitid(int type, int id, void *information, int options)');
    process.on('SIGCHLD', () => this.collect());
  }

  /** The end of a child that was started in this turn of the event loop. */
  of(processId: number): Promise<ExitStatus> {
    return new Promise((resolve) => this.children.set(processId, resolve));
  }

  /** The first to have ended may be one of Node's, behind which others are hidden: then each is asked. */
  private collect(): void {
    for (let next = this.firstEnded(); next !== 0; next = this.firstEnded()) {
      if (this.take(next)) continue;
      for (const processId of [...this.children.keys()]) this.take(processId);
      return;
    }
  }

  private firstEnded(): number {
    this.information.fill(0);
    this.look(ALL, 0, this.information, EXITED | NO_HANG | NO_WAIT);
    return this.information[PROCESS_WORD] ?? 0;
  }

  private take(processId: number): boolean {
    const tell = this.children.get(processId);
    if (tell === undefined || this.waitFor(processId, this.status, NO_HANG) !== processId) return false;
    this.children.delete(processId);
    tell(decodeStatus(this.status[0] ?? 0));
    return true;
  }
}

/** What `waitpid` says: a signal in the lowest seven bits, else a code in the next eight. */
export function decodeStatus(status: number): ExitStatus {
  const signal = status & 0x7f;
  if (signal === 0) return { exitCode: (status >> 8) & 0xff, signal: null };
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  return { exitCode: null, signal: name ?? `SIG${String(signal)}` };
}
