/** Removes the folders of attempts that ended long ago: slowly, one after the other. */
import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../core/errors/system-error.js';
import type { AttemptReference } from '../../core/job/job.js';
import { PollLoop } from '../../core/loops/poll-loop.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Logger } from '../../core/ports/logger.js';
import type { Service } from '../../core/ports/service.js';
import { removeTree } from './remove-tree.js';
import { removeSecrets } from './staging/secrets-stage.js';

const HOUR_MS = 3_600_000;

/** Options of `FolderSweep`. */
export interface FolderSweepOptions {
  /** Folder of all attempts' folders, absolute. */
  readonly jobsFolder: string;
  /** Milliseconds that a folder is kept after it was last changed. */
  readonly keepMs: number;
  /** Whether an attempt of the job is held. */
  readonly holds: (jobId: string) => boolean;
  /** Whether the files of an attempt are still to be archived. */
  readonly archives: (reference: AttemptReference) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** States: those of its loop, which sweeps every hour, and more often when folders are kept shorter. */
export class FolderSweep implements Service {
  readonly #options: FolderSweepOptions;
  readonly #loop: PollLoop;

  constructor(options: FolderSweepOptions) {
    this.#options = options;
    const { clock, logger, keepMs } = options;
    this.#loop = new PollLoop({
      ...{ name: 'folder-sweep', intervalMs: () => Math.max(1_000, Math.min(HOUR_MS, keepMs)), clock, logger },
      run: async (signal) => {
        const removed = await this.sweep(signal);
        if (removed > 0) logger.info({ removed }, 'old job folders were removed');
      },
    });
  }

  async start(): Promise<void> {
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** One sweep; how many attempts' folders were removed. */
  async sweep(signal?: AbortSignal): Promise<number> {
    const { jobsFolder, holds } = this.#options;
    let removed = 0;
    for (const jobId of await namesIn(jobsFolder)) {
      if (signal?.aborted === true) break;
      if (!holds(jobId)) removed += await this.#sweepJob(jobId);
    }
    return removed;
  }

  /** The job's folder goes with its last attempt; a new attempt that comes just then makes it again. */
  async #sweepJob(jobId: string): Promise<number> {
    const { jobsFolder, archives } = this.#options;
    const folder = join(jobsFolder, jobId);
    let removed = 0;
    const names = await namesIn(folder);
    for (const name of names.filter((each) => each.endsWith('.secrets'))) {
      if (!this.#options.holds(jobId)) removeSecrets(join(folder, name.slice(0, -'.secrets'.length)));
    }
    for (const name of names.filter((each) => /^\d+$/.test(each))) {
      if (archives({ jobId, attempt: Number(name) }) || !(await this.#isOld(join(folder, name)))) continue;
      await removeTree(join(folder, name));
      await rm(join(folder, `${name}.json`), { force: true });
      removed += 1;
    }
    if (removed > 0) await rmdir(folder).catch(() => undefined);
    return removed;
  }

  /** The script's log folder and the output tell when a job was last at work. */
  async #isOld(folder: string): Promise<boolean> {
    const times = await Promise.all(
      ['', 'stdout', 'stderr', 'genie'].map((name) =>
        stat(join(folder, name)).then(
          (found) => found.mtimeMs,
          () => 0,
        ),
      ),
    );
    return Math.max(...times) < this.#options.clock.now() - this.#options.keepMs;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
