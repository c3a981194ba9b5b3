/** Repeats a call that is safe to repeat until it succeeds, fails for good, or its time is over. */
import { isMaridError } from '../core/errors/marid-error.js';
import type { CallOptions } from '../proto/rpc/service.js';
import { BackOff, type ClientRuntime } from './runtime.js';

/** Shortest time given to one try, in milliseconds, while there is that much left. */
const SHORTEST_TRY_MS = 1_000;

/** Options of `retryCall`. */
export interface RetryOptions<T> {
  readonly runtime: ClientRuntime;
  /** The call; it must be safe to repeat. */
  readonly call: (options: CallOptions) => Promise<T>;
  /** Milliseconds for all tries together. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Ends it: rejects with what the call then rejects with. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls until an answer. Each try gets a third of the whole time, so that one lost answer does not use it up. Rejects with the last error when
 * the time is over, and at once with an error that is not retryable.
 */
export async function retryCall<T>(options: RetryOptions<T>): Promise<T> {
  const { clock, random, onRetry } = options.runtime;
  const timeoutMs = options.timeoutMs ?? options.runtime.timeoutMs;
  const deadline = clock.monotonic() + timeoutMs;
  const backOff = new BackOff(random);
  for (;;) {
    const leftMs = deadline - clock.monotonic();
    const tryMs = Math.max(1, Math.min(leftMs, Math.max(timeoutMs / 3, SHORTEST_TRY_MS)));
    try {
      return await options.call(callOptions(Math.ceil(tryMs), options.signal));
    } catch (error) {
      const delayMs = backOff.nextMs();
      const over = clock.monotonic() + delayMs >= deadline || options.signal?.aborted === true;
      if (!isMaridError(error) || !error.retryable || over) throw error;
      onRetry(error);
      await clock.sleep(delayMs, options.signal);
    }
  }
}

/** Options of one call, without keys that are not given. */
export function callOptions(timeoutMs: number | undefined, signal: AbortSignal | undefined): CallOptions {
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) };
}
