/** A loop that does the same work again and again until it is stopped. */
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { Service } from '../ports/service.js';

/** Options of `PollLoop`. */
export interface PollLoopOptions {
  /** Name for the log. */
  readonly name: string;
  /** Milliseconds from the start to the first run, and from the end of one to the start of the next, asked before each wait. */
  readonly intervalMs: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** One run. A rejection is logged and the loop goes on. */
  readonly run: (signal: AbortSignal) => Promise<unknown>;
}

/**
 * States: idle (new, or stopped), running (between `start` and `stop`, which waits for the run under way). Only `start` and `stop` change the
 * state; what was stopped does not start again.
 */
export class PollLoop implements Service {
  private readonly ended = new AbortController();
  /** The wait before the next run. */
  private pause = new AbortController();
  private loop: Promise<void> | null = null;

  constructor(private readonly options: PollLoopOptions) {}

  async start(): Promise<void> {
    if (!this.ended.signal.aborted) this.loop ??= this.repeat(this.ended.signal);
  }

  async stop(): Promise<void> {
    this.ended.abort();
    this.pause.abort();
    await this.loop;
  }

  /** Ends the wait: the next run comes at once, right behind the one under way, or with the start. */
  wake(): void {
    this.pause.abort();
  }

  private async repeat(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs, run, logger, name } = this.options;
    for (;;) {
      await clock.sleep(intervalMs(), this.pause.signal);
      if (signal.aborted) return;
      if (this.pause.signal.aborted) this.pause = new AbortController();
      try {
        await run(signal);
      } catch (error) {
        logger.warn({ error, loop: name }, 'a run of the loop failed; it goes on');
      }
    }
  }
}
