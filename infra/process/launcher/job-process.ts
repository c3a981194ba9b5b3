/** One process that the launcher is the parent of, with its tree, from its start until nothing of it is left. */
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { LimitHit, ProcessExit, StartedProcess } from '../../../core/ports/launcher.js';
import type { IntendedProcess } from './attempt-record.js';
import type { JobTree } from './job-tree.js';
import { armLong } from './long-timer.js';
import type { ProcessStat } from './proc.js';
import { signalGroup, signalGroupsOf } from './signals.js';
import type { ExitStatus, RunningChild } from './spawner.js';
import type { Survey } from './survey.js';

/** Pauses between looks at a tree whose leader has ended, in milliseconds: the first, doubled up to the longest. */
const FIRST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 200;
/** How long a killed tree may take to vanish before its exit is told all the same, in milliseconds. */
const SETTLE_LIMIT_MS = 10_000;

/** How often what was left behind is looked for until nothing is found. */
const MOST_SWEEPS = 5;

/** Who ended a process. */
export type Ender = Exclude<ProcessExit['endedBy'], null>;

/** How the leader of a session ended. */
export interface LeaderExit extends ExitStatus {
  readonly endedAt: number;
}

/** What a `JobProcess` is made of. */
export interface JobProcessOptions {
  readonly intended: IntendedProcess;
  readonly started: StartedProcess;
  /** Which processes are of the job. */
  readonly tree: JobTree;
  readonly exited: RunningChild['exited'];
  readonly context: JobProcessContext;
}

/** What all of a launcher share. */
export interface JobProcessContext {
  readonly survey: Survey;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, when the leader has ended and nothing of its tree is left. */
  readonly onSettled: (job: JobProcess, exit: LeaderExit) => void;
}

/**
 * States: *running* from the start; *ending* once `terminate` was called (SIGTERM sent, SIGKILL due); *leaderless* when the leader ended and members of its
 * tree live: they keep the rest of the grace when it was ending, else they are killed at once; *settled* when none is left. `settle` is the only way there.
 * A leader that succeeds and leaves nothing in its own group, or elsewhere as far as was seen, settles at once, and the rest is looked for later: looking costs more than a
 * short job.
 */
export class JobProcess {
  readonly intended: IntendedProcess;
  readonly started: StartedProcess;
  private readonly tree: JobTree;
  private readonly context: JobProcessContext;
  private ender: Ender | null = null;
  private limit: LimitHit | null = null;
  private killDueAt = Number.POSITIVE_INFINITY;
  private killedAt: number | null = null;
  private cancelKill: (() => void) | null = null;
  private exit: LeaderExit | null = null;

  constructor({ intended, started, tree, exited, context }: JobProcessOptions) {
    this.intended = intended;
    this.started = started;
    this.tree = tree;
    this.context = context;
    void exited.then((status) => this.onLeaderExit({ ...status, endedAt: context.clock.now() }));
  }

  /** Who ended it first, or `null`. */
  get endedBy(): Ender | null {
    return this.ender;
  }

  /** The limit that ended it, or `null`. */
  get hit(): LimitHit | null {
    return this.limit;
  }

  /** Ends it because of a limit. */
  endFor(hit: LimitHit, graceMs: number): void {
    if (this.ender === null) this.limit = hit;
    this.terminate('limit', graceMs);
  }

  /** SIGTERM to its processes, once, and SIGKILL after `graceMs`; a repeated call can only bring the SIGKILL forward. */
  terminate(ender: Ender, graceMs: number): void {
    const { clock } = this.context;
    const killDueAt = clock.monotonic() + graceMs;
    if (killDueAt >= this.killDueAt) return;
    if (this.ender === null) {
      this.ender = ender;
      this.tree.lookNear(); // while they have their parents
      this.signal('SIGTERM');
    }
    this.killDueAt = killDueAt;
    this.cancelKill?.();
    if (graceMs === 0) this.kill();
    else this.cancelKill = armLong(clock, graceMs, () => this.kill());
  }

  private kill(): void {
    this.killDueAt = this.context.clock.monotonic();
    this.killedAt ??= this.killDueAt;
    this.signal('SIGKILL');
  }

  /** To the leader's group at once, to the others when they have been found. */
  private signal(signal: NodeJS.Signals): void {
    const own = this.started.processId;
    signalGroup(own, signal);
    void this.look().then((members) => {
      signalGroupsOf(
        members.filter(({ group }) => group !== own),
        signal,
      );
    });
  }

  private async look(): Promise<readonly ProcessStat[]> {
    return this.tree.look(await this.context.survey.look(), true);
  }

  private onLeaderExit(exit: LeaderExit): void {
    const { tree, context } = this;
    this.exit = exit;
    const alone = !tree.strayed && !signalGroup(this.started.processId, 0);
    if (this.ender === null && exit.exitCode === 0 && alone) {
      this.settle();
      void sweep(tree, context.survey);
    } else void this.settleWhenGone(FIRST_LOOK_MS);
  }

  private async settleWhenGone(pauseMs: number): Promise<void> {
    const { clock, logger } = this.context;
    const members = await this.look();
    const overdue = this.killedAt !== null && clock.monotonic() - this.killedAt > SETTLE_LIMIT_MS;
    if (members.length > 0 && !overdue) {
      if (this.ender === null) this.killedAt ??= clock.monotonic();
      if (this.killedAt !== null) signalGroupsOf(members, 'SIGKILL');
      clock.after(pauseMs, () => void this.settleWhenGone(Math.min(pauseMs * 2, LONGEST_LOOK_MS)));
      return;
    }
    if (overdue) logger.error({ attempt: this.intended.attempt }, 'killed processes do not end');
    this.settle();
  }

  private settle(): void {
    const exit = this.exit;
    if (exit === null) return;
    this.cancelKill?.();
    this.context.onSettled(this, exit);
  }
}

/** Ends what a leader that has settled left behind. Holds the tree alone: what lives for seconds is what costs the garbage collector time. */
async function sweep(tree: JobTree, survey: Survey): Promise<void> {
  for (let round = 0; round < MOST_SWEEPS; round += 1) {
    const members = tree.look(await survey.lookLater(), true);
    if (members.length === 0) return;
    signalGroupsOf(members, 'SIGKILL');
  }
}
