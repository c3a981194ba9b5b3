/** Waiting that an abort ends. */

/** Settles as `promise` does, or rejects with the signal's reason as soon as it aborts. Leaves no listener behind. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(reasonOf(signal)));
    promise.then(resolve, reject);
    promise.then(forget, forget);
  });
}

/** `untilAborted` for one promise after the other, with one listener for all of them. States: open, closed by `close`. */
export class AbortableWaits {
  private reject: (reason: Error) => void = () => undefined;
  private readonly onAbort = (): void => {
    this.reject(reasonOf(this.signal));
  };

  constructor(private readonly signal: AbortSignal) {
    signal.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Settles as `promise` does, or rejects with the signal's reason as soon as it aborts. */
  until<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.reject = reject;
      if (this.signal.aborted) this.onAbort();
      promise.then(resolve, reject);
    });
  }

  close(): void {
    this.signal.removeEventListener('abort', this.onAbort);
  }
}

/** Calls `listener` when the signal aborts, at once if it has; returns a function that takes the listener away. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => {
    signal.removeEventListener('abort', listener);
  };
}

/** Why a signal aborted, as an error. */
export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted');
}
