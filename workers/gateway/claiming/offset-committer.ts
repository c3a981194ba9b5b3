/** Commits settled offsets a few times a second, one commit at a time. */
import type { OffsetTracker } from '../../../core/dispatch/offset-tracker.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { LogSubscription } from '../../../core/ports/topic-log.js';

const DELAY_MS = 200;

/** Options of `OffsetCommitter`. */
export interface OffsetCommitterOptions {
  readonly tracker: OffsetTracker;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** States: idle, scheduled, committing; without a subscription it does nothing. */
export class OffsetCommitter {
  readonly #options: OffsetCommitterOptions;
  #subscription: LogSubscription | null = null;
  #cancel: (() => void) | null = null;
  #committing: Promise<void> = Promise.resolve();

  constructor(options: OffsetCommitterOptions) {
    this.#options = options;
  }

  /** Commits to this subscription from now on. */
  use(subscription: LogSubscription): void {
    this.#subscription = subscription;
  }

  /** Something was settled. */
  schedule(): void {
    if (this.#cancel !== null || this.#subscription === null) return;
    this.#cancel = this.#options.clock.after(DELAY_MS, () => {
      this.#cancel = null;
      this.#commit();
    });
  }

  /** A last commit; then the subscription is not used any more. */
  async release(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    this.#commit();
    this.#subscription = null;
    await this.#committing;
  }

  #commit(): void {
    const subscription = this.#subscription;
    const { tracker, logger } = this.#options;
    if (subscription === null) return;
    this.#committing = this.#committing.then(async () => {
      const offsets = tracker.committable();
      if (offsets.length === 0) return;
      await subscription.commit({ offsets }).catch((error: unknown) => {
        logger.debug({ error }, 'offsets could not be committed; the next commit covers them');
      });
    });
  }
}
