/** The recorders of the attempts that run and ask for one. */
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Attempt } from '../attempts/attempt.js';
import { OutputRecorder } from './output-recorder.js';

/** Options of `OutputTimes`. */
export interface OutputTimesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Recording is a help, not a duty: what goes wrong with it is logged, and the attempt goes on. */
export class OutputTimes {
  readonly #recorders = new Map<Attempt, Promise<OutputRecorder | null>>();

  constructor(private readonly options: OutputTimesOptions) {}

  /** The attempt's process runs. */
  begin(attempt: Attempt): void {
    if (attempt.facts.recordsOutputTimes === true) this.#recorders.set(attempt, this.#open(attempt));
  }

  /** Its process is gone. Resolves when all of its output is recorded, also where no process of the worker saw it written. */
  async end(attempt: Attempt): Promise<void> {
    if (attempt.facts.recordsOutputTimes !== true) return;
    const recorder = await (this.#recorders.get(attempt) ?? this.#open(attempt));
    this.#recorders.delete(attempt);
    await recorder?.finish();
  }

  /** The worker stops; the next one goes on. */
  async stop(): Promise<void> {
    await Promise.all([...this.#recorders.keys()].map((attempt) => this.end(attempt)));
  }

  async #open({ directory, reference }: Attempt): Promise<OutputRecorder | null> {
    const { clock, logger } = this.options;
    try {
      return await OutputRecorder.open({ directory, clock, logger });
    } catch (error) {
      logger.warn({ ...reference, error }, 'times of output cannot be recorded');
      return null;
    }
  }
}
