/** `Launcher` of the simulation: a worker's connection to the launcher of its host. */
import { MaridError } from '../../core/errors/marid-error.js';
import type { AttemptReference } from '../../core/job/job.js';
import type { HeldProcess, Launcher, ProcessExit, StartedProcess, StartRequest } from '../../core/ports/launcher.js';
import type { Random } from '../../core/ports/random.js';
import type { SimLauncher } from './sim-launcher.js';
import type { SimProcess } from './sim-process.js';

/** Longest time of a message on the socket, milliseconds. */
const TRAVEL_MS = 2;

/** Messages of a connection never overtake each other; those under way when the worker ends still arrive. */
export class SimLauncherConnection implements Launcher {
  /** Another connection has adopted since this one did. */
  superseded = false;
  /** The worker has said on it how long its lease lasts. */
  renewed = false;
  #lastArrival = 0;
  #lastAnswer = 0;
  #exit: (exit: ProcessExit) => void = () => undefined;
  #tellBroken: (error: Error) => void = () => undefined;
  #broken: MaridError | null = null;
  readonly #pending = new Set<(error: Error) => void>();

  constructor(
    private readonly launcher: SimLauncher,
    private readonly process: SimProcess,
    private readonly random: Random,
  ) {
    process.onEnd(() => this.#send(() => launcher.drop(this)));
  }

  start(request: StartRequest): Promise<StartedProcess> {
    return this.#call(() => {
      this.#assertCurrent();
      return this.launcher.start(this, request);
    });
  }

  kill({ attempt, graceMs }: { readonly attempt: AttemptReference; readonly graceMs: number }): Promise<boolean> {
    return this.#call(() => {
      this.#assertCurrent();
      return this.launcher.kill(attempt, graceMs);
    });
  }

  renew(options: { readonly terminateInMs: number; readonly killInMs: number }): Promise<void> {
    const sentAt = this.launcher.options.clock.now();
    return this.#call(() => {
      this.#assertCurrent();
      this.renewed = true;
      this.launcher.renew({ ...options, ageMs: this.launcher.options.clock.now() - sentAt });
    });
  }

  adopt(options?: { readonly session: string }): Promise<readonly HeldProcess[]> {
    return this.#call(() => this.launcher.adopt(this, options?.session ?? ''));
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    this.#exit = listener;
  }

  forget({ attempt }: { readonly attempt: AttemptReference }): Promise<void> {
    return this.#call(() => {
      this.#assertCurrent();
      this.launcher.forget(attempt);
    });
  }

  onBroken(listener: (error: Error) => void): void {
    this.#tellBroken = listener;
    if (this.#broken !== null) listener(this.#broken);
  }

  /** The launcher has died: calls under way may have been carried out. */
  breakOff(): void {
    const error = new MaridError('UNAVAILABLE', 'The connection to the launcher is broken.');
    this.#broken = error;
    this.process.dispatch(() => {
      for (const reject of this.#pending) reject(error);
      this.#tellBroken(error);
    });
  }

  async close(): Promise<void> {
    this.launcher.drop(this);
  }

  /** The launcher tells of an exit. */
  tell(exit: ProcessExit): void {
    this.#answer(() => this.#exit(exit));
  }

  #call<T>(work: () => T): Promise<T> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      const settle = (how: () => void): void => {
        this.#answer(() => {
          this.#pending.delete(reject);
          how();
        });
      };
      this.#send(() => {
        try {
          const value = work();
          settle(() => resolve(value));
        } catch (error) {
          settle(() => reject(error instanceof Error ? error : new Error('unknown')));
        }
      });
    });
  }

  #answer(work: () => void): void {
    this.#lastAnswer = this.#inOrder(this.#lastAnswer, () => this.process.dispatch(work));
  }

  #send(work: () => void): void {
    this.#lastArrival = this.#inOrder(this.#lastArrival, work);
  }

  /** Does something in a moment, and after what was sent before; returns when. */
  #inOrder(last: number, work: () => void): number {
    const { timeline } = this.launcher.options;
    const dueAt = Math.max(last, timeline.now + this.random.next() * TRAVEL_MS);
    timeline.at(dueAt - timeline.now, () => {
      if (this.#broken === null) work();
    });
    return dueAt;
  }

  #assertCurrent(): void {
    if (this.superseded) throw new MaridError('STALE_SESSION', 'Another worker has taken over this launcher.');
  }
}
