/** One attempt to hold a stream open. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';

/** Time until the stream's first message, in milliseconds. */
const JOIN_TIMEOUT_MS = 15_000;

/**
 * The signal of one stream. It aborts when the owner's signal does, when the first message does not come in time, and on `break`; `failure` tells
 * which of the last two.
 */
export class StreamAttempt {
  /** Why it was ended from this side; `null` if it was not. */
  failure: Error | null = null;

  private readonly controller = new AbortController();
  private readonly cancelTimer: () => void;
  private readonly onOver = (): void => {
    this.controller.abort();
  };

  constructor(
    clock: Clock,
    private readonly over: AbortSignal,
  ) {
    this.cancelTimer = clock.after(JOIN_TIMEOUT_MS, () => {
      this.break(new MaridError('DEADLINE_EXCEEDED', `The log did not answer within ${JOIN_TIMEOUT_MS} ms.`));
    });
    if (over.aborted) this.onOver();
    else over.addEventListener('abort', this.onOver, { once: true });
  }

  /** Ends the stream. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The first message has come. */
  joined(): void {
    this.cancelTimer();
  }

  /** Ends the stream for a reason. */
  break(failure: Error): void {
    this.failure ??= failure;
    this.controller.abort();
  }

  /** The stream is over: leaves nothing behind. */
  end(): void {
    this.cancelTimer();
    this.over.removeEventListener('abort', this.onOver);
  }
}
