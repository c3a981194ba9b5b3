/** Removes the attachments that no job names any more. */
import { ATTACHMENTS_PREFIX, attachmentPrefix, readAttachmentKey } from '../../../core/attachments/keys.js';
import type { BlobStore } from '../../../core/ports/blob-store.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { LeaderTask } from '../leader/leader-task.js';

const PAGE = 500;
/** Attachments that one go looks at; the next goes on behind them. */
const MOST_ATTACHMENTS = 20_000;

/** Options of `AttachmentRetentionTask`. */
export interface AttachmentRetentionTaskOptions {
  readonly store: JobStore;
  /** Opens the blob store. */
  readonly blobs: () => Promise<BlobStore>;
  /** Milliseconds that an attachment, or a part of one, stays without a job. */
  readonly attachmentRetentionMs: number;
  readonly clock: Clock;
}

/** Leader task `attachment-retention`: walks over all attachments, some at a time. */
export class AttachmentRetentionTask implements LeaderTask {
  readonly name = 'attachment-retention';
  readonly schedule = { everyMs: 900_000 };
  private after: string | null = null;

  constructor(private readonly options: AttachmentRetentionTaskOptions) {}

  async run(signal: AbortSignal): Promise<string> {
    const blobs = await this.options.blobs();
    let removed = 0;
    for (let looked = 0; looked < MOST_ATTACHMENTS && !signal.aborted; looked += 1) {
      const sha256 = await this.next(blobs);
      if (sha256 === null) break;
      if (await this.removeUnused(blobs, sha256)) removed += 1;
    }
    return `${String(removed)} attachments removed`;
  }

  /** The next attachment, in the order of their hashes; `null` behind the last, and then from the first again. */
  private async next(blobs: BlobStore): Promise<string | null> {
    const [first] = await blobs.list({ prefix: ATTACHMENTS_PREFIX, after: this.after, limit: 1 });
    const sha256 = first === undefined ? null : (readAttachmentKey(first.key)?.sha256 ?? null);
    this.after = sha256 === null ? null : `${attachmentPrefix(sha256)}~`; // behind every key of ours
    return sha256;
  }

  private async removeUnused(blobs: BlobStore, sha256: string): Promise<boolean> {
    const { clock, attachmentRetentionMs } = this.options;
    const keys: string[] = [];
    const prefix = attachmentPrefix(sha256);
    for (let after: string | null = null; ;) {
      const page = await blobs.list({ prefix, after, limit: PAGE });
      if (page.some(({ modifiedAt }) => modifiedAt > clock.now() - attachmentRetentionMs)) return false;
      if (await this.isNamed(page.map(({ key }) => key))) return false;
      keys.push(...page.map(({ key }) => key));
      after = page.at(-1)?.key ?? null;
      if (page.length < PAGE) break;
    }
    // The mark goes first, so that nobody takes for whole what is not.
    for (const key of keys.reverse()) await blobs.delete({ key });
    return true;
  }

  private async isNamed(keys: readonly string[]): Promise<boolean> {
    const ids = keys.map((key) => readAttachmentKey(key)?.jobId ?? null).filter((id) => id !== null);
    if (ids.length === 0) return false;
    return (await this.options.store.getMany({ ids })).some((job) => job !== null);
  }
}
