/** `FleetStore` of the simulation. */
import type { TaskControl, TaskRun, WorkerRecord } from '../../core/fleet/worker-record.js';
import type { FleetStore } from '../../core/ports/fleet-store.js';
import type { Link } from './link.js';
import type { StoreState } from './store-state.js';

/** The store as one process reaches it. */
export class SimFleetStore implements FleetStore {
  constructor(
    private readonly state: StoreState,
    private readonly link: Link,
  ) {}

  getWorker({ id }: { readonly id: string }): Promise<WorkerRecord | null> {
    return this.link.call(() => this.state.workers.get(id) ?? null);
  }

  listWorkers(): Promise<readonly WorkerRecord[]> {
    return this.link.call(() => [...this.state.workers.values()]);
  }

  putWorker({ worker }: { readonly worker: WorkerRecord }): Promise<boolean> {
    return this.link.call(() => {
      if ((this.state.workers.get(worker.id)?.revision ?? 0) !== worker.revision - 1) return false;
      this.state.workers.set(worker.id, worker);
      return true;
    });
  }

  purgeWorkers(options: { readonly ids: readonly string[]; readonly seenBefore: number }): Promise<number> {
    const { ids, seenBefore } = options;
    return this.link.call(() => {
      const silent = [...this.state.workers.values()].filter(
        ({ id, seenAt }) => ids.includes(id) && seenAt < seenBefore,
      );
      for (const { id } of silent) this.state.workers.delete(id);
      return silent.length;
    });
  }

  nextTerm({ name }: { readonly name: string }): Promise<number> {
    return this.link.call(() => {
      const term = (this.state.terms.get(name) ?? 0) + 1;
      this.state.terms.set(name, term);
      return term;
    });
  }

  putTaskRun({ run }: { readonly run: TaskRun }): Promise<void> {
    return this.link.call(() => void this.state.runs.set(run.name, run));
  }

  listTaskRuns(): Promise<readonly TaskRun[]> {
    return this.link.call(() => [...this.state.runs.values()]);
  }

  putTaskControl({ control }: { readonly control: TaskControl }): Promise<boolean> {
    return this.link.call(() => {
      if ((this.state.controls.get(control.name)?.revision ?? 0) !== control.revision - 1) return false;
      this.state.controls.set(control.name, control);
      return true;
    });
  }

  listTaskControls(): Promise<readonly TaskControl[]> {
    return this.link.call(() => [...this.state.controls.values()]);
  }
}
