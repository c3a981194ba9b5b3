/** What people have asked of the leader's tasks: kept in the store, so that it does not matter whom they ask. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { TaskControl } from '../../../core/fleet/worker-record.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { Logger } from '../../../core/ports/logger.js';

/** How often the leader reads what was asked. */
export const CONTROL_MS = 500;
const MAX_TRIES = 20;

/** Options of `TaskControls`. */
export interface TaskControlsOptions {
  readonly store: FleetStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Anybody changes and lists; only a leader follows, and decides by what it has read last. */
export class TaskControls {
  private known: ReadonlyMap<string, TaskControl> = new Map();
  private readAt = -Infinity;

  constructor(private readonly options: TaskControlsOptions) {}

  /** As last read. */
  get(name: string): TaskControl {
    return this.known.get(name) ?? untouched(name);
  }

  /** How long ago the store was last read, milliseconds. */
  get ageMs(): number {
    return this.options.clock.monotonic() - this.readAt;
  }

  /** Reads all. */
  async load(): Promise<ReadonlyMap<string, TaskControl>> {
    const controls = await this.options.store.listTaskControls();
    this.known = new Map(controls.map((control) => [control.name, control]));
    this.readAt = this.options.clock.monotonic();
    return this.known;
  }

  /** Reads again and again until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.options.clock.sleep(CONTROL_MS, signal);
      try {
        if (!signal.aborted) await this.load();
      } catch (error) {
        this.options.logger.warn({ error }, 'what was asked of the tasks could not be read');
      }
    }
  }

  /** Changes what is asked of a task; durable when it resolves. */
  async change(name: string, changes: (before: TaskControl) => Partial<TaskControl>): Promise<TaskControl> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const before = (await this.load()).get(name) ?? untouched(name);
      const control = { ...before, ...changes(before), revision: before.revision + 1 };
      if (await this.options.store.putTaskControl({ control })) return control;
    }
    throw new MaridError('UNAVAILABLE', `Task ${name} is changed by too many at once; try again.`);
  }
}

function untouched(name: string): TaskControl {
  return { name, revision: 0, paused: false, requests: 0 };
}
