/**
 * The worker's connection to its launcher, made again when it breaks. While there is none, every call rejects with `UNAVAILABLE`.
 *
 * States: connected -> apart (broken; connecting with back-off) -> connected; closed. `#connected` and `#reconnect` change it.
 */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type {
  HeldProcess,
  KillOptions,
  Launcher,
  ProcessExit,
  StartedProcess,
  StartRequest,
} from '../../../core/ports/launcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import { backoffMs } from '../backoff.js';

const FIRST_RETRY_MS = 100;
const MOST_RETRY_MS = 5_000;

/** Options of `LauncherLink.connect`. */
export interface LauncherLinkOptions {
  /** Connects to the node's launcher, and starts one if none lives. */
  readonly connect: () => Promise<Launcher>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class LauncherLink implements Launcher {
  readonly #options: LauncherLinkOptions;
  readonly #stop = new AbortController();
  #launcher: Launcher | null = null;
  #reconnecting: Promise<void> | null = null;
  #exit: (exit: ProcessExit) => void = () => undefined;
  #broken: (error: Error) => void = () => undefined;
  #back: () => Promise<void> = async () => undefined;

  private constructor(options: LauncherLinkOptions) {
    this.#options = options;
  }

  /** Connects. Rejects with `UNAVAILABLE` when the first connection fails. */
  static async connect(options: LauncherLinkOptions): Promise<LauncherLink> {
    const link = new LauncherLink(options);
    link.#connected(await options.connect());
    return link;
  }

  /** Whether there is a connection. */
  get connected(): boolean {
    return this.#launcher !== null;
  }

  /** Sets what happens when there is a connection again: what the launcher holds has to be asked for with `adopt`. */
  onReconnected(listener: () => Promise<void>): void {
    this.#back = listener;
  }

  start(request: StartRequest): Promise<StartedProcess> {
    return this.#use((launcher) => launcher.start(request));
  }

  kill(options: KillOptions): Promise<boolean> {
    return this.#use((launcher) => launcher.kill(options));
  }

  renew(options: { readonly terminateInMs: number; readonly killInMs: number }): Promise<void> {
    return this.#use((launcher) => launcher.renew(options));
  }

  adopt(options?: { readonly session: string }): Promise<readonly HeldProcess[]> {
    return this.#use((launcher) => launcher.adopt(options));
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    this.#exit = listener;
  }

  forget(options: { readonly attempt: AttemptReference }): Promise<void> {
    return this.#use((launcher) => launcher.forget(options));
  }

  onBroken(listener: (error: Error) => void): void {
    this.#broken = listener;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#reconnecting;
    await this.#drop();
  }

  async #use<T>(call: (launcher: Launcher) => Promise<T>): Promise<T> {
    if (this.#launcher === null) throw new MaridError('UNAVAILABLE', 'The worker has no connection to its launcher.');
    return call(this.#launcher);
  }

  #connected(launcher: Launcher): void {
    this.#launcher = launcher;
    launcher.onExit((exit) => this.#exit(exit));
    launcher.onBroken((error) => {
      if (this.#launcher !== launcher || this.#stop.signal.aborted) return;
      this.#launcher = null;
      this.#broken(error);
      this.#reconnecting ??= this.#reconnect(error);
    });
  }

  /** One at a time: of two connections of this worker, the launcher would take the second for a successor of the first. */
  async #reconnect(cause: Error): Promise<void> {
    const { connect, clock, random, logger } = this.#options;
    const { signal } = this.#stop;
    logger.error({ error: cause }, 'the launcher was lost; connecting again');
    for (let failures = 1; this.#launcher === null && !signal.aborted; failures++) {
      try {
        this.#connected(await connect());
        await this.#back();
      } catch (error) {
        logger.error({ error }, 'no launcher can be reached; trying again');
        await this.#drop();
        await clock.sleep(backoffMs({ failures, firstMs: FIRST_RETRY_MS, mostMs: MOST_RETRY_MS, random }), signal);
      }
    }
    this.#reconnecting = null;
  }

  async #drop(): Promise<void> {
    const launcher = this.#launcher;
    this.#launcher = null;
    await launcher?.close();
  }
}
