/** Removes the archives of jobs that are not kept any more. */
import { ARCHIVE_PREFIX, jobOfArchiveKey } from '../../../core/archive/keys.js';
import type { BlobInfo, BlobStore } from '../../../core/ports/blob-store.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { LeaderTask } from '../leader/leader-task.js';

const PAGE = 500;
/** Pages that one run looks at; the next goes on behind them. */
const MOST_PAGES = 100;
/** Younger blobs stay: a copy of the store may be behind. */
const YOUNG_MS = 3_600_000;

/** Options of `ArchiveRetentionTask`. */
export interface ArchiveRetentionTaskOptions {
  readonly store: JobStore;
  /** Opens the blob store. */
  readonly blobs: () => Promise<BlobStore>;
  readonly clock: Clock;
}

/** Leader task `archive-retention`: walks over all archives, some at a time. */
export class ArchiveRetentionTask implements LeaderTask {
  readonly name = 'archive-retention';
  readonly schedule = { everyMs: 900_000 };
  private after: string | null = null;

  constructor(private readonly options: ArchiveRetentionTaskOptions) {}

  async run(signal: AbortSignal): Promise<string> {
    const blobs = await this.options.blobs();
    let removed = 0;
    for (let pages = 0; pages < MOST_PAGES && !signal.aborted; pages += 1) {
      const page = await blobs.list({ prefix: ARCHIVE_PREFIX, after: this.after, limit: PAGE });
      for (const { key } of await this.orphansOf(page)) {
        await blobs.delete({ key });
        removed += 1;
      }
      this.after = page.length < PAGE ? null : (page.at(-1)?.key ?? null);
      if (this.after === null) break;
    }
    return `${String(removed)} blobs of archives removed`;
  }

  private async orphansOf(page: readonly BlobInfo[]): Promise<readonly BlobInfo[]> {
    const { store, clock } = this.options;
    const old = page.filter(({ modifiedAt }) => modifiedAt < clock.now() - YOUNG_MS);
    const ids = [...new Set(old.map(({ key }) => jobOfArchiveKey(key)).filter((id) => id !== null))];
    const jobs = await store.getMany({ ids });
    const gone = new Set(ids.filter((_, index) => jobs[index] === null));
    return old.filter(({ key }) => gone.has(jobOfArchiveKey(key) ?? ''));
  }
}
