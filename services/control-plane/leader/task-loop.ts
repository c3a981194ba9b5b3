/** Runs one task of the leader during one term: when it is due, and when somebody asks. */
import type { TaskRun } from '../../../core/fleet/worker-record.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { LeaderTask, TaskSettings } from './leader-task.js';
import { nextRunAt, type Schedule } from './schedule.js';
import { CONTROL_MS, type TaskControls } from './task-controls.js';
import type { TaskRuns } from './task-runs.js';

/** Options of `TaskLoop`. */
export interface TaskLoopOptions {
  readonly task: LeaderTask;
  readonly settings: TaskSettings;
  readonly runs: TaskRuns;
  readonly controls: TaskControls;
  /** Who leads. */
  readonly stamp: { readonly leader: string; readonly term: number };
  /** Its last run in an earlier term; `null`: none. */
  readonly before: TaskRun | null;
  readonly clock: Clock;
}

/** Lengths are by the monotonic clock, so that a change of the time holds nothing up; cron goes by the wall clock. */
export class TaskLoop {
  private readonly schedule: Schedule;
  private answered: number;
  /** Of this term. */
  private last: { readonly startedAt: number; readonly endedAtMonotonic: number } | null = null;
  /** The cron time behind a start: kept, because it is asked for at every look and takes long to find. */
  private next: { readonly startedAt: number; readonly dueAt: number } | null = null;

  constructor(private readonly options: TaskLoopOptions) {
    this.schedule = options.settings.schedule ?? options.task.schedule;
    this.answered = options.before?.answered ?? 0;
  }

  /** Resolves when `signal` has aborted and no run is under way. */
  async repeat(signal: AbortSignal): Promise<void> {
    const { task, controls, clock } = this.options;
    const termBegan = clock.now();
    while (!signal.aborted) {
      const { paused, requests } = controls.get(task.name);
      const waitMs = paused || !this.options.settings.enabled ? Infinity : this.remainingMs(termBegan);
      if (requests > this.answered || waitMs <= 0) await this.run(requests, signal);
      else await clock.sleep(Math.min(waitMs, CONTROL_MS), signal);
    }
  }

  private async run(requests: number, signal: AbortSignal): Promise<void> {
    const { task, runs, stamp, clock } = this.options;
    const startedAt = clock.now();
    this.answered = Math.max(this.answered, requests);
    await runs.run(task, { ...stamp, answered: this.answered }, signal);
    this.last = { startedAt, endedAtMonotonic: clock.monotonic() };
  }

  /** An interval begins with a run at once; a cron time that passed while nobody led is made up for, once. */
  private remainingMs(termBegan: number): number {
    const { clock, before } = this.options;
    if ('everyMs' in this.schedule) {
      return this.last === null ? 0 : this.last.endedAtMonotonic + this.schedule.everyMs - clock.monotonic();
    }
    const startedAt = this.last?.startedAt ?? before?.startedAt ?? termBegan;
    if (this.next?.startedAt !== startedAt) {
      this.next = { startedAt, dueAt: nextRunAt(this.schedule, { startedAt, durationMs: 0 }) ?? Infinity };
    }
    return this.next.dueAt - clock.now();
  }
}
