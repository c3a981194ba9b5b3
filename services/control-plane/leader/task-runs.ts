/** Runs tasks and keeps what became of them. */
import { errorText } from '../../../core/errors/system-error.js';
import type { TaskRun } from '../../../core/fleet/worker-record.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { LeaderTask } from './leader-task.js';

/** A task's runs are written at most this often, unless one changes between success and failure or was asked for by hand. */
const WRITE_EVERY_MS = 5000;
const LONGEST_OUTCOME = 500;

/** Options of `TaskRuns`. */
export interface TaskRunsOptions {
  readonly store: FleetStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The last run of each task: of this process from memory, of other leaders from the store. */
export class TaskRuns {
  private readonly last = new Map<string, TaskRun>();
  private readonly written = new Map<string, TaskRun>();

  constructor(private readonly options: TaskRunsOptions) {}

  /** Runs a task once; its rejection is its outcome. */
  async run(
    task: LeaderTask,
    stamp: Pick<TaskRun, 'leader' | 'term' | 'answered'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, logger } = this.options;
    const startedAt = clock.now();
    const began = clock.monotonic();
    const ended = (succeeded: boolean, outcome: string): TaskRun => ({
      ...{ name: task.name, startedAt, succeeded, outcome: outcome.slice(0, LONGEST_OUTCOME), ...stamp },
      durationMs: Math.round(clock.monotonic() - began),
    });
    try {
      await this.keep(ended(true, await task.run(signal)));
    } catch (error) {
      logger.warn({ error, task: task.name }, 'a task of the leader failed');
      await this.keep(ended(false, errorText(error)));
    }
  }

  /** Last run of each task by name. */
  async list(): Promise<readonly TaskRun[]> {
    const stored = await this.options.store.listTaskRuns();
    const newest = new Map(stored.map((run) => [run.name, run]));
    for (const run of this.last.values()) {
      if ((newest.get(run.name)?.startedAt ?? 0) <= run.startedAt) newest.set(run.name, run);
    }
    return [...newest.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private async keep(run: TaskRun): Promise<void> {
    this.last.set(run.name, run);
    const written = this.written.get(run.name);
    const recent = written !== undefined && run.startedAt - written.startedAt < WRITE_EVERY_MS;
    if (recent && written.succeeded === run.succeeded && written.answered === run.answered) return;
    this.written.set(run.name, run);
    try {
      await this.options.store.putTaskRun({ run });
    } catch (error) {
      this.options.logger.warn({ error, task: run.name }, 'the run of a task could not be written down');
    }
  }
}
