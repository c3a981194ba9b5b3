/** One process that the launcher is the parent of, with its group, from its start until nothing of it is left. */
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { ProcessExit, StartedProcess } from '../../../core/ports/launcher.js';
import type { IntendedProcess } from './attempt-record.js';
import { armLong } from './long-timer.js';
import { groupSurvives, signalGroup } from './process-group.js';

/** Pauses between looks at a group whose leader has ended, in milliseconds: the first, doubled up to the longest. */
const FIRST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 200;
/** How long a killed group may take to vanish before its exit is told all the same, in milliseconds. */
const SETTLE_LIMIT_MS = 10_000;

/** Who ended a process. */
export type Ender = Exclude<ProcessExit['endedBy'], null>;

/** How the leader of a group ended. */
export interface LeaderExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly endedAt: number;
}

/** What a `JobProcess` is made of. */
export interface JobProcessOptions {
  readonly intended: IntendedProcess;
  readonly started: StartedProcess;
  readonly child: ChildProcess;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, when the leader has ended and nothing of its group is left. */
  readonly onSettled: (job: JobProcess, exit: LeaderExit) => void;
}

/**
 * States: *running* from the start; *ending* once `terminate` was called (SIGTERM sent, SIGKILL due); *leaderless* when the leader ended and members of its
 * group live: they keep the rest of the grace when it was ending, else they are killed at once; *settled* when none is left. `settle` is the only way there.
 */
export class JobProcess {
  readonly intended: IntendedProcess;
  readonly started: StartedProcess;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly onSettled: JobProcessOptions['onSettled'];
  private ender: Ender | null = null;
  private killDueAt = Number.POSITIVE_INFINITY;
  private killedAt: number | null = null;
  private cancelKill: (() => void) | null = null;
  private exit: LeaderExit | null = null;

  constructor(options: JobProcessOptions) {
    this.intended = options.intended;
    this.started = options.started;
    this.clock = options.clock;
    this.logger = options.logger;
    this.onSettled = options.onSettled;
    options.child.once('exit', (exitCode, signal) => {
      this.onLeaderExit({ exitCode, signal, endedAt: this.clock.now() });
    });
  }

  /** Who ended it first, or `null`. */
  get endedBy(): Ender | null {
    return this.ender;
  }

  /** SIGTERM to the group, once, and SIGKILL after `graceMs`; a repeated call can only bring the SIGKILL forward. */
  terminate(ender: Ender, graceMs: number): void {
    const killDueAt = this.clock.monotonic() + graceMs;
    if (killDueAt >= this.killDueAt) return;
    if (this.ender === null) {
      this.ender = ender;
      signalGroup(this.started.processId, 'SIGTERM');
    }
    this.killDueAt = killDueAt;
    this.cancelKill?.();
    if (graceMs === 0) this.kill();
    else this.cancelKill = armLong(this.clock, graceMs, () => this.kill());
  }

  private kill(): void {
    this.killDueAt = this.clock.monotonic();
    this.killedAt ??= this.killDueAt;
    signalGroup(this.started.processId, 'SIGKILL');
  }

  private onLeaderExit(exit: LeaderExit): void {
    this.exit = exit;
    if (this.ender === null && signalGroup(this.started.processId, 0)) this.kill();
    this.settleWhenGone(FIRST_LOOK_MS);
  }

  private settleWhenGone(pauseMs: number): void {
    const overdue = this.killedAt !== null && this.clock.monotonic() - this.killedAt > SETTLE_LIMIT_MS;
    if (!overdue && groupSurvives(this.started.processId)) {
      this.clock.after(pauseMs, () => this.settleWhenGone(Math.min(pauseMs * 2, LONGEST_LOOK_MS)));
      return;
    }
    if (overdue) this.logger.error({ attempt: this.intended.attempt }, 'killed processes do not end');
    this.settle();
  }

  private settle(): void {
    const exit = this.exit;
    if (exit === null) return;
    this.cancelKill?.();
    this.onSettled(this, exit);
  }
}
