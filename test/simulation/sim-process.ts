/** A process of the simulation: it has a clock, and it can be stopped for a while or for ever between any two steps. */
import type { Clock } from '../../core/ports/clock.js';
import type { Timeline } from './timeline.js';

/** Wall-clock time at the beginning of every simulation, milliseconds since the epoch. */
const START_AT = 1_800_000_000_000;

/** How far the wall clock of a host is ahead, milliseconds: all processes on it share it, and a fault sets it. */
export interface Skew {
  ms: number;
}

/** `Clock` over simulated time. */
export class SimClock implements Clock {
  constructor(
    private readonly timeline: Timeline,
    private readonly skew: Readonly<Skew>,
    private readonly dispatch: (work: () => void) => void = (work) => work(),
  ) {}

  now(): number {
    return Math.floor(START_AT + this.timeline.now + this.skew.ms);
  }

  monotonic(): number {
    return this.timeline.now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.after(ms, wake);
      signal?.addEventListener('abort', wake);
    });
  }

  after(ms: number, callback: () => void): () => void {
    let cancelled = false;
    const forget = this.timeline.at(ms, () => {
      this.dispatch(() => {
        if (!cancelled) callback();
      });
    });
    return () => {
      cancelled = true;
      forget();
    };
  }
}

/** Options of `SimProcess`. */
export interface SimProcessOptions {
  readonly name: string;
  readonly timeline: Timeline;
  readonly skew: Readonly<Skew>;
}

/**
 * States: running <-> paused (`pause`, `resume`: what is for it waits, its timers too) -> ended (`crash`: nothing of it ever runs again). Everything that the code of a process does begins in
 * `dispatch`, and it acts only through ports whose calls take time: so a crash at some moment is a crash at some `await`.
 */
export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #timeline: Timeline;
  readonly #endings = new Set<() => void>();
  readonly #pauses: (() => void)[] = [];
  #state: 'running' | 'paused' | 'ended' = 'running';
  #waiting: (() => void)[] = [];

  constructor({ name, timeline, skew }: SimProcessOptions) {
    this.name = name;
    this.#timeline = timeline;
    this.clock = new SimClock(timeline, skew, (work) => this.dispatch(work));
  }

  get state(): 'running' | 'paused' | 'ended' {
    return this.#state;
  }

  /** Lets the process do something: now, or once it goes on, or never. */
  dispatch(work: () => void): void {
    if (this.#state === 'running') work();
    else if (this.#state === 'paused') this.#waiting.push(work);
  }

  /** As SIGSTOP. */
  pause(): void {
    if (this.#state !== 'running') return;
    this.#state = 'paused';
    for (const listener of this.#pauses) listener();
  }

  /** As SIGCONT. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    for (const work of this.#waiting.splice(0)) this.#timeline.at(0, () => this.dispatch(work));
  }

  /** As SIGKILL. */
  crash(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#waiting = [];
    for (const ending of this.#endings) ending();
    this.#endings.clear();
  }

  /** Calls back when the process ends; returns a function that forgets it. */
  onEnd(listener: () => void): () => void {
    this.#endings.add(listener);
    return () => this.#endings.delete(listener);
  }

  /** Calls back at each pause. */
  onPause(listener: () => void): void {
    this.#pauses.push(listener);
  }
}
