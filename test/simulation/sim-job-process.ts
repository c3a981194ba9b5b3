/** A process that a simulated launcher has started. */
import type { AttemptReference } from '../../core/job/job.js';
import type { ProcessExit } from '../../core/ports/launcher.js';
import { programOf, type Program } from './programs.js';
import type { Timeline } from './timeline.js';

/** How long the dead take to be gone, milliseconds. */
const DIE_MS = 5;

/** How a process ended. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly endedBy: ProcessExit['endedBy'];
}

/** Options of `SimJobProcess`. */
export interface SimJobProcessOptions {
  readonly attempt: AttemptReference;
  readonly processId: number;
  /** By the clock of the host, milliseconds since the epoch. */
  readonly startedAt: number;
  readonly timeline: Timeline;
  /** Called once, when nothing of it is left. */
  readonly onEnd: (process: SimJobProcess, ending: Ending) => void;
}

/** As `JobProcess` of the launcher: running, ending once it was asked to, gone. */
export class SimJobProcess {
  readonly options: SimJobProcessOptions;
  readonly #program: Program;
  #endedBy: ProcessExit['endedBy'] = null;
  #killDueAt = Number.POSITIVE_INFINITY;
  #cancels: (() => void)[] = [];
  #cancelKill: () => void = () => undefined;
  #gone = false;

  constructor(options: SimJobProcessOptions) {
    this.options = options;
    const { attempt, timeline } = options;
    this.#program = programOf(attempt.jobId, attempt.attempt);
    const { durationMs, exitCode } = this.#program;
    this.#cancels.push(timeline.at(durationMs, () => this.#end(exitCode, null)));
  }

  /** SIGTERM, once, and SIGKILL after `graceMs`; a repeated call can only bring the SIGKILL forward. */
  terminate(endedBy: Exclude<ProcessExit['endedBy'], null>, graceMs: number): void {
    const { timeline } = this.options;
    if (timeline.now + graceMs >= this.#killDueAt) return;
    this.#killDueAt = timeline.now + graceMs;
    const { obeysAfterMs } = this.#program;
    if (this.#endedBy === null && obeysAfterMs !== null) {
      this.#cancels.push(timeline.at(obeysAfterMs, () => this.#end(null, 'SIGTERM')));
    }
    this.#endedBy ??= endedBy;
    this.#cancelKill();
    this.#cancelKill = timeline.at(graceMs + DIE_MS, () => this.#end(null, 'SIGKILL'));
  }

  /** Its launcher has died: it goes on, and ends by itself or by a signal that it has got already. */
  orphan(): void {
    this.#cancelKill();
  }

  /** Ends it at once without a word: its host is lost, or its launcher's successor ends it. */
  vanish(): void {
    this.#gone = true;
    for (const cancel of [this.#cancelKill, ...this.#cancels.splice(0)]) cancel();
  }

  #end(exitCode: number | null, signal: string | null): void {
    if (this.#gone) return;
    this.vanish();
    this.options.onEnd(this, { exitCode, signal, endedBy: this.#endedBy });
  }
}
