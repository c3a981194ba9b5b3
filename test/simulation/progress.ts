/** Whether anything is left to be done, kept up to date so that it can be asked at every step. */
import { isTerminal } from '../../core/job/status.js';
import type { Happening } from './history.js';

interface JobProgress {
  readonly ended: boolean;
  readonly transitions: number;
  readonly told: number;
}

const NOTHING: JobProgress = { ended: false, transitions: 0, told: 0 };

/** Follows a history. */
export class Progress {
  readonly #jobs = new Map<string, JobProgress>();
  /** Jobs that have not ended or of which not everything was told. */
  readonly #open = new Set<string>();

  /** Whether every job has ended, and all of it was told. */
  get isComplete(): boolean {
    return this.#open.size === 0;
  }

  /** Something happened. */
  take(happening: Happening): void {
    if (happening.kind === 'committed') {
      const { id, status, history } = happening.job;
      this.#note(id, { ended: isTerminal(status), transitions: history.length });
    }
    if (happening.kind === 'published') {
      const told = this.#jobs.get(happening.jobId)?.told ?? 0;
      this.#note(happening.jobId, { told: Math.max(told, happening.sequence) });
    }
  }

  #note(id: string, changes: Partial<JobProgress>): void {
    const progress = { ...(this.#jobs.get(id) ?? NOTHING), ...changes };
    this.#jobs.set(id, progress);
    if (progress.ended && progress.told >= progress.transitions) this.#open.delete(id);
    else this.#open.add(id);
  }
}
