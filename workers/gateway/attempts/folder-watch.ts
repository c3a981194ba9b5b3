/** Looks now and then at how much the directories of running attempts hold, where that is limited. */
import { PollLoop } from '../../../core/loops/poll-loop.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { LimitHit } from '../../../core/ports/launcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import type { Attempt } from './attempt.js';
import { walkFolder } from './folder-size.js';
import type { HeldAttempts } from './held-attempts.js';

/** From one round to the next, in milliseconds. */
const INTERVAL_MS = 3_000;
/** It works for so long at a time, then rests for so many times as long: the worker has other things to do. Milliseconds. */
const SLICE_MS = 3;
const REST_FACTOR = 9;

/** Options of `FolderWatch`. */
export interface FolderWatchOptions {
  readonly held: HeldAttempts;
  /** Called when an attempt has reached a limit, perhaps again before it has ended. */
  readonly onHit: (attempt: Attempt, hit: LimitHit) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** States: those of its loop. */
export class FolderWatch implements Service {
  readonly #options: FolderWatchOptions;
  readonly #loop: PollLoop;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#loop = new PollLoop({
      ...{ name: 'folder-watch', intervalMs: () => INTERVAL_MS, clock, logger },
      run: (signal) => this.look(signal),
    });
  }

  async start(): Promise<void> {
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** One round. */
  async look(signal?: AbortSignal): Promise<void> {
    for (const attempt of this.#options.held.all()) {
      const { folderMb, folderFiles } = attempt.facts;
      if (attempt.phase !== 'running' || (folderMb === undefined && folderFiles === undefined)) continue;
      const hit = await this.#walk(attempt, signal);
      if (hit !== null) this.#options.onHit(attempt, hit);
    }
  }

  async #walk(attempt: Attempt, signal: AbortSignal | undefined): Promise<LimitHit | null> {
    const { clock } = this.#options;
    const walk = walkFolder(attempt.directory, attempt.facts);
    let since = clock.monotonic();
    for (let step = walk.next(); ; step = walk.next()) {
      if (step.done === true) return step.value;
      if (clock.monotonic() - since < SLICE_MS) continue;
      await clock.sleep(SLICE_MS * REST_FACTOR, signal);
      if (signal?.aborted === true || attempt.phase !== 'running') break;
      since = clock.monotonic();
    }
    walk.return(null);
    return null;
  }
}
