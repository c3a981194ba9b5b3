/** Tells when a file may have grown or appeared, from the system's notifications. */
import { watch, type FSWatcher } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../../core/ports/clock.js';

/** A notification can be missed (a folder replaced, a network file system): then this is the longest delay. */
const SAFETY_CHECK_MS = 5_000;

/**
 * Watches one path below a root, or, until it exists, the nearest folder that does. Every change since the last `next` ends one `next`.
 * States: watching, closed.
 */
export class FileChanges {
  readonly #top: string;
  readonly #path: string;
  readonly #clock: Clock;
  #watcher: FSWatcher | null = null;
  #watched = '';
  #changed = false;
  #notify: () => void = () => undefined;

  constructor(options: { readonly root: string; readonly path: string; readonly clock: Clock }) {
    // The folder of all jobs: the attempt's own may not exist yet.
    this.#top = dirname(dirname(options.root));
    this.#path = join(options.root, options.path);
    this.#clock = options.clock;
    this.#watch();
  }

  /** Resolves at once when something has changed or `wake` was called since the last call, else when that happens or after a few seconds. */
  async next(): Promise<void> {
    if (this.#watched !== this.#path) this.#watch();
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(SAFETY_CHECK_MS, resolve);
        this.#notify = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#changed = false;
  }

  /** As a change does. */
  wake(): void {
    this.#changed = true;
    this.#notify();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  /** Watches the path, or the nearest folder above it. */
  #watch(): void {
    for (let path = this.#path; path.startsWith(this.#top); path = dirname(path)) {
      if (path === this.#watched) return;
      const watcher = this.#tryWatch(path);
      if (watcher === null) continue;
      this.close();
      this.#watcher = watcher;
      this.#watched = path;
      // What happened before the watch began is not told.
      this.#changed = true;
      return;
    }
  }

  #tryWatch(path: string): FSWatcher | null {
    try {
      const watcher = watch(path, { persistent: false }, () => this.wake());
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch {
      // Not there yet, or no watches left: the safety check does it.
      return null;
    }
  }
}
