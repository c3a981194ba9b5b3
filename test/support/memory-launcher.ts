/** A launcher without processes: what it starts ends by itself, with exit code 0, after a time that the test says. */
import type { AttemptReference, ExitResult } from '../../core/job/job.js';
import type { HeldProcess, Launcher, ProcessExit, StartedProcess, StartRequest } from '../../core/ports/launcher.js';

const RESULT: ExitResult = {
  ...{ exitCode: 0, signal: null, processId: 1, stdoutBytes: 0, stderrBytes: 0 },
  ...{ peakMemoryBytes: null, cpuTimeMs: null },
};

/** Keeps nothing over its end. */
export class MemoryLauncher implements Launcher {
  /** When each job was started, in order. */
  readonly starts: { readonly jobId: string; readonly at: number }[] = [];
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #exited: (exit: ProcessExit) => void = () => undefined;

  /** `runTimeMs`: how long a job runs, by its id. */
  constructor(private readonly runTimeMs: (jobId: string) => number) {}

  async start({ attempt }: StartRequest): Promise<StartedProcess> {
    this.starts.push({ jobId: attempt.jobId, at: performance.now() });
    const timer = setTimeout(() => {
      this.#end(attempt, null);
    }, this.runTimeMs(attempt.jobId));
    this.#timers.set(attempt.jobId, timer);
    return { processId: 1, startedAt: Date.now() };
  }

  async kill({ attempt }: { readonly attempt: AttemptReference }): Promise<boolean> {
    const runs = this.#timers.has(attempt.jobId);
    if (runs) this.#end(attempt, 'kill');
    return runs;
  }

  async adopt(): Promise<readonly HeldProcess[]> {
    return [];
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    this.#exited = listener;
  }

  async renew(): Promise<void> {
    // its leases do not run out
  }

  async forget(): Promise<void> {
    // it remembers nothing
  }

  onBroken(): void {
    // it does not break
  }

  async close(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #end(attempt: AttemptReference, endedBy: 'kill' | null): void {
    clearTimeout(this.#timers.get(attempt.jobId));
    this.#timers.delete(attempt.jobId);
    this.#exited({ attempt, result: RESULT, endedAt: Date.now(), endedBy });
  }
}
