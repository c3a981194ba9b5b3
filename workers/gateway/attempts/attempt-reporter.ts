/** Tells the log what happens to attempts, and lets go of each once the log holds its last event. */
import { LRUCache } from 'lru-cache';
import type { MemoryBudget } from '../../../core/dispatch/budget.js';
import { attemptKey } from '../../../core/job/attempt-key.js';
import type { AttemptReference, ExitResult, WorkerEvent } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Launcher } from '../../../core/ports/launcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Archiver } from '../archive/archiver.js';
import type { Attempt } from './attempt.js';
import type { Conclusion } from './conclusion.js';
import type { EventOutbox } from './event-outbox.js';
import type { HeldAttempts } from './held-attempts.js';

/** Attempts whose last event is remembered, for a log that loses what it has acknowledged. */
const MOST_TOLD = 10_000;
/** How long the beginning of the preparation may wait for its end. */
const PREPARING_PATIENCE_MS = 200;
/** How long a start may wait for the job's end. Short: until the log has it, the loss of this host would run the job again. */
const RUNNING_PATIENCE_MS = 20;

/** Options of `AttemptReporter`. */
export interface AttemptReporterOptions {
  readonly identity: { readonly workerId: string; readonly session: string };
  readonly launcher: Launcher;
  readonly budget: MemoryBudget;
  readonly held: HeldAttempts;
  readonly outbox: EventOutbox;
  readonly archiver: Archiver;
  /** Called whenever memory has become free. */
  readonly onRoom: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The end of an attempt, to be told. */
export interface Report {
  readonly conclusion: Conclusion;
  /** `null` when no process ever ran. */
  readonly result: ExitResult | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

type EventPart = Pick<WorkerEvent, 'status' | 'at' | 'reason' | 'message'> & Partial<WorkerEvent>;

export class AttemptReporter {
  readonly #options: AttemptReporterOptions;
  /** The last event of each attempt that the log has acknowledged. */
  readonly #told = new LRUCache<string, WorkerEvent>({ maxSize: MOST_TOLD, sizeCalculation: () => 1 });
  /** Ended attempts whose last event is on the way again. */
  readonly #repeating = new Map<string, AttemptReference>();

  constructor(options: AttemptReporterOptions) {
    this.#options = options;
  }

  /** The worker prepares the attempt; told together with its start, unless that takes a while. */
  preparing(attempt: Attempt): void {
    if (attempt.ending === 'lost') return;
    const at = this.#options.clock.now();
    const event = { status: 'INIT', at, reason: 'PREPARING', message: 'Preparing to launch job' } as const;
    this.#options.outbox.sendSoon(this.#eventOf(attempt, event), PREPARING_PATIENCE_MS);
  }

  /** Its process runs; told together with its end, unless it runs for a while. */
  running(attempt: Attempt, startedAt: number): void {
    if (attempt.ending === 'lost') return;
    const event = { status: 'RUNNING', at: startedAt, reason: 'STARTED', message: 'Job is Running.' } as const;
    const told = this.#eventOf(attempt, event);
    this.#options.outbox.sendSoon(told, RUNNING_PATIENCE_MS, () => this.#acknowledged(told));
  }

  /** Its process is gone: the memory is free from now on. */
  released(attempt: Attempt): void {
    attempt.end();
    this.#options.budget.release(attempt.memoryKey);
    this.#options.onRoom();
  }

  /** Its end, after which its files are archived. The worker holds it until the log does; one that is not the worker's any more is dropped without a word. */
  ended(attempt: Attempt, { conclusion, result, at }: Report): void {
    const { archiver } = this.#options;
    const archive = archiver.note(attempt, at);
    const drop = (): void => {
      archiver.enqueue(attempt.reference);
      this.forget(attempt.reference);
      this.#options.held.remove(attempt);
    };
    if (attempt.ending === 'lost') drop();
    else this.#tell(this.#eventOf(attempt, { ...conclusion, result, at, archive }), drop);
  }

  /** Sends the last event of an attempt again, unless that is on its way or forgotten. */
  repeat(reference: AttemptReference): void {
    const key = attemptKey(reference);
    const event = this.#told.get(key);
    if (event === undefined) return;
    this.#told.delete(key);
    if (this.#options.held.get(reference) === null) this.#repeating.set(key, reference);
    this.#options.logger.warn({ ...reference, status: event.status }, 'the control plane missed an event; sent again');
    this.#tell(event, () => this.#repeating.delete(key));
  }

  /** Attempts that `repeat` is sending the last event of: held until the log has it. */
  get repeating(): readonly AttemptReference[] {
    return [...this.#repeating.values()];
  }

  /** The launcher need not remember the attempt any more. */
  forget(reference: AttemptReference): void {
    const { launcher, logger } = this.#options;
    launcher.forget({ attempt: reference }).catch((error: unknown) => {
      logger.debug({ ...reference, error }, 'the launcher could not forget an attempt; it tells of it again');
    });
  }

  #tell(event: WorkerEvent, acknowledged: () => void): void {
    this.#options.outbox.send(event, () => {
      this.#acknowledged(event);
      acknowledged();
    });
  }

  #acknowledged(event: WorkerEvent): void {
    const key = attemptKey(event);
    if ((this.#told.get(key)?.sequence ?? 0) < event.sequence) this.#told.set(key, event);
  }

  #eventOf(attempt: Attempt, event: EventPart): WorkerEvent {
    attempt.sequence += 1;
    const { sequence, reference } = attempt;
    const { identity } = this.#options;
    const stages = takeStages(attempt);
    return { result: null, infrastructureFailure: false, ...stages, ...event, ...reference, ...identity, sequence };
  }
}

/** The times of its preparation, once. */
function takeStages(attempt: Attempt): Pick<WorkerEvent, 'stages'> {
  const { stages } = attempt;
  attempt.stages = [];
  return stages.length === 0 ? {} : { stages };
}
