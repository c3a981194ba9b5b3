/** Where workers, terms and the leader's task runs are kept. */
import type { TaskControl, TaskRun, WorkerRecord } from '../fleet/worker-record.js';

/** Few documents, written seldom. Rejects as `JobStore` does. */
export interface FleetStore {
  /** One worker; `null` when it never registered. */
  getWorker(options: { readonly id: string }): Promise<WorkerRecord | null>;
  /** All workers that ever registered and were not removed. */
  listWorkers(): Promise<readonly WorkerRecord[]>;
  /** Adds the worker when `worker.revision` is 1, else replaces it if the stored revision is one less. False otherwise. */
  putWorker(options: { readonly worker: WorkerRecord }): Promise<boolean>;
  /** Removes those of the workers that were last seen before a time; returns how many. */
  purgeWorkers(options: { readonly ids: readonly string[]; readonly seenBefore: number }): Promise<number>;
  /** A number greater than every one that this method has returned for the name; durable. */
  nextTerm(options: { readonly name: string }): Promise<number>;
  /** Keeps the last run of a leader's task. */
  putTaskRun(options: { readonly run: TaskRun }): Promise<void>;
  /** The last run of each task. */
  listTaskRuns(): Promise<readonly TaskRun[]>;
  /** Adds the control when its revision is 1, else replaces it if the stored revision is one less. False otherwise. Durable when it resolves. */
  putTaskControl(options: { readonly control: TaskControl }): Promise<boolean>;
  /** What was asked of each task, where anything was. */
  listTaskControls(): Promise<readonly TaskControl[]>;
}
