/** The attempts that the worker holds, by reference. */
import { attemptKey } from '../../../core/job/attempt-key.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Attempt } from './attempt.js';

/** How long a finished attempt is still named at a registration, so that its last events can be applied before it is missed. */
const LINGER_MS = 5_000;

export class HeldAttempts {
  readonly #clock: Clock;
  readonly #attempts = new Map<string, Attempt>();
  readonly #byJob = new Map<string, Set<Attempt>>();
  readonly #waiting: (() => void)[] = [];
  #finished: { readonly reference: AttemptReference; readonly at: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are held. */
  get size(): number {
    return this.#attempts.size;
  }

  add(attempt: Attempt): void {
    this.#attempts.set(attemptKey(attempt.reference), attempt);
    const { jobId } = attempt.reference;
    const ofJob = this.#byJob.get(jobId) ?? new Set();
    this.#byJob.set(jobId, ofJob.add(attempt));
  }

  get(reference: AttemptReference): Attempt | null {
    return this.#attempts.get(attemptKey(reference)) ?? null;
  }

  /** All that are held of a job; more than one only while a lost one is being ended. */
  ofJob(jobId: string): readonly Attempt[] {
    return [...(this.#byJob.get(jobId) ?? [])];
  }

  all(): readonly Attempt[] {
    return [...this.#attempts.values()];
  }

  remove(attempt: Attempt): void {
    const { jobId } = attempt.reference;
    if (!this.#attempts.delete(attemptKey(attempt.reference))) return;
    const ofJob = this.#byJob.get(jobId);
    ofJob?.delete(attempt);
    if (ofJob?.size === 0) this.#byJob.delete(jobId);
    const now = this.#clock.monotonic();
    if ((this.#finished[0]?.at ?? now) < now - 2 * LINGER_MS) this.#prune(now);
    this.#finished.push({ reference: attempt.reference, at: now });
    if (this.#attempts.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** References of all that are held. */
  references(): readonly AttemptReference[] {
    return this.all().map((attempt) => attempt.reference);
  }

  /** The same, and those finished within the last seconds. */
  recentReferences(): readonly AttemptReference[] {
    this.#prune(this.#clock.monotonic());
    return [...this.references(), ...this.#finished.map((each) => each.reference)];
  }

  /** Resolves when none is held. */
  whenEmpty(): Promise<void> {
    if (this.#attempts.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #prune(now: number): void {
    this.#finished = this.#finished.filter((each) => each.at >= now - LINGER_MS);
  }
}
