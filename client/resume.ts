/** One endless-looking stream out of many that break: reopened behind the last item seen, without gap or repetition. */
import { isMaridError, MaridError } from '../core/errors/marid-error.js';
import { BackOff, type ClientRuntime } from './runtime.js';

/** How a stream is reopened. */
export interface ResumeOptions<T> {
  readonly runtime: ClientRuntime;
  /** Opens it behind the last item that `advance` was told of. */
  readonly open: () => AsyncIterable<T>;
  /** Notes an item before it is given to the consumer. */
  readonly advance: (item: T) => void;
  /** After an end without error: whether it was the end, and not a server that went away. Its errors count as the stream's. */
  readonly ended: () => Promise<boolean>;
  /** A cheap call that shows whether the server answers; any of its errors that is not retryable is an answer too. Default: none, only items show it. */
  readonly probe?: () => Promise<unknown>;
  /** Milliseconds that a worker which cannot be reached is waited for. Default: the client's `timeoutMs`. */
  readonly workerPatienceMs?: () => number;
  /** Ends it. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The items of all streams in order. Errors that are retryable, and CANCELLED by the server, are waited out with back-off: up to `timeoutMs`
 * if the server has never answered, else up to `outageMs` from when it stopped answering. Others, and the last one, are thrown.
 */
export async function* resumeStream<T>(options: ResumeOptions<T>): AsyncGenerator<T, void, undefined> {
  const outage = new Outage(options);
  for (;;) {
    try {
      for await (const item of options.open()) {
        options.advance(item);
        outage.progressed();
        yield item;
      }
      if (await options.ended()) return;
      await outage.pause();
    } catch (error) {
      if (!isMaridError(error) || !isResumable(error) || options.signal?.aborted === true) throw error;
      await outage.wait(error);
    }
    if (options.signal?.aborted === true) throw new MaridError('CANCELLED', 'The stream was cancelled.');
  }
}

/** Whether the stream can go on after an error: the server went away, cut it, or could not reach the worker. */
function isResumable(error: MaridError): boolean {
  return error.retryable || error.code === 'CANCELLED';
}

/** How long the server has not answered, and when that is too long. */
class Outage {
  private since: number | null = null;
  private answered = false;
  private readonly backOff: BackOff;

  constructor(private readonly options: Omit<ResumeOptions<never>, 'open' | 'advance' | 'ended'>) {
    this.backOff = new BackOff(options.runtime.random);
  }

  /** An item came: it is over. */
  progressed(): void {
    this.answered = true;
    this.since = null;
    this.backOff.reset();
  }

  /** Waits before the stream is opened again after an end without error. */
  async pause(): Promise<void> {
    this.answered = true;
    this.since = null;
    await this.options.runtime.clock.sleep(this.backOff.nextMs(), this.options.signal);
  }

  /** Waits out an error, or throws it when it has lasted too long. */
  async wait(error: MaridError): Promise<void> {
    const { clock, onRetry } = this.options.runtime;
    this.since ??= clock.monotonic();
    const delayMs = this.backOff.nextMs();
    if (clock.monotonic() + delayMs - this.since >= this.patienceMs(error)) throw error;
    onRetry(error);
    await clock.sleep(delayMs, this.options.signal);
    if (await this.serverAnswers()) {
      this.answered = true;
      // A server that answers for a worker that does not is no progress: that wait keeps its beginning.
      if (error.code !== 'WORKER_UNREACHABLE') this.since = null;
    }
  }

  private patienceMs(error: MaridError): number {
    const { timeoutMs, outageMs } = this.options.runtime;
    if (error.code === 'WORKER_UNREACHABLE') return this.options.workerPatienceMs?.() ?? timeoutMs;
    return this.answered ? outageMs : timeoutMs;
  }

  private async serverAnswers(): Promise<boolean> {
    if (this.options.probe === undefined) return false;
    try {
      await this.options.probe();
      return true;
    } catch (error) {
      return isMaridError(error) && !isResumable(error);
    }
  }
}
