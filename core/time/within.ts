/** An end to every wait. */
import { MaridError } from '../errors/marid-error.js';
import type { Clock } from '../ports/clock.js';

/** What a wait is limited by. */
export interface TimeLimit {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly ms: number;
  /** What is done, as in "Producing to Kafka". */
  readonly what: string;
}

/** Settles as `work` does, or rejects with `DEADLINE_EXCEEDED` when the time is over; the work itself goes on and its failure is then ignored. */
export function within<T>(limit: TimeLimit, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = limit.clock.after(limit.ms, () => {
      const message = `${limit.what} got no answer within ${String(limit.ms)} ms; whether it was done is unknown.`;
      reject(new MaridError('DEADLINE_EXCEEDED', message));
    });
    void work.then(resolve, reject).finally(cancel);
  });
}
