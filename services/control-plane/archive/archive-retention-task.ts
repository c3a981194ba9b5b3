/** Removes the archives of jobs that are not kept any more. */
import { ARCHIVE_PREFIX, manifestsKey, runOfKey } from '../../../core/archive/keys.js';
import { decodeHeader } from '../../../core/archive/manifest.js';
import type { BlobStore } from '../../../core/ports/blob-store.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import { growingCache } from '../growing-cache.js';
import type { LeaderTask } from '../leader/leader-task.js';

const PAGE = 500;
/** Runs that one go looks at; the next goes on behind them. */
const MOST_RUNS = 20_000;
/** Younger ones stay: a copy of the store may be behind. */
const YOUNG_MS = 3_600_000;
/** Packs without manifests, of a worker that has gone, are removed after two days: by then no worker tries any more. */
const UNFINISHED_MS = 48 * 3_600_000;
/** Bytes of manifests in which their header is looked for: a hundred ids of jobs, and more. */
const HEADER_BYTES = 64 * 1024;
const KEPT_WITNESSES = 100_000;

/** Options of `ArchiveRetentionTask`. */
export interface ArchiveRetentionTaskOptions {
  readonly store: JobStore;
  /** Opens the blob store. */
  readonly blobs: () => Promise<BlobStore>;
  readonly clock: Clock;
}

/** Leader task `archive-retention`: walks over all runs, some at a time. A run goes when none of its jobs is kept. */
export class ArchiveRetentionTask implements LeaderTask {
  readonly name = 'archive-retention';
  readonly schedule = { everyMs: 900_000 };
  private after: string | null = null;
  /** One job of each run that is kept, as far as was seen: as long as that is, the others need not be known. */
  private readonly witnesses = growingCache<string, string>(KEPT_WITNESSES);

  constructor(private readonly options: ArchiveRetentionTaskOptions) {}

  async run(signal: AbortSignal): Promise<string> {
    const blobs = await this.options.blobs();
    let runs = 0;
    let removed = 0;
    for await (const run of this.runs(blobs)) {
      if (!(await this.isKept(blobs, run))) removed += await removeAll(blobs, run.keys);
      this.after = run.keys.at(-1) ?? null;
      runs += 1;
      if (signal.aborted || runs >= MOST_RUNS) return `${String(removed)} blobs of archives removed; to be continued`;
    }
    this.after = null;
    return `${String(removed)} blobs of archives removed`;
  }

  private async *runs(blobs: BlobStore): AsyncGenerator<Run> {
    let current: Run | null = null;
    let { after } = this;
    for (let full = true; full;) {
      const page = await blobs.list({ prefix: ARCHIVE_PREFIX, after, limit: PAGE });
      for (const { key, modifiedAt } of page) {
        const name = runOfKey(key);
        if (current !== null && current.name !== name) {
          yield current;
          current = null;
        }
        if (name === null) continue;
        current ??= { name, keys: [], modifiedAt: 0 };
        current.keys.push(key);
        current.modifiedAt = Math.max(current.modifiedAt, modifiedAt);
      }
      after = page.at(-1)?.key ?? after;
      full = page.length === PAGE;
    }
    if (current !== null) yield current;
  }

  private async isKept(blobs: BlobStore, { name, keys, modifiedAt }: Run): Promise<boolean> {
    const ageMs = this.options.clock.now() - modifiedAt;
    if (ageMs < YOUNG_MS) return true;
    if (!keys.includes(manifestsKey(name))) return ageMs < UNFINISHED_MS;
    const witness = this.witnesses.get(name);
    if (witness !== undefined && (await this.keptOf([witness])) !== null) return true;
    const header = await readHeader(blobs, name);
    if (header === null) return true; // of a later version
    const kept = await this.keptOf(header);
    if (kept === null) this.witnesses.delete(name);
    else this.witnesses.set(name, kept);
    return kept !== null;
  }

  private async keptOf(ids: readonly string[]): Promise<string | null> {
    const jobs = await this.options.store.getMany({ ids });
    return jobs.find((job) => job !== null)?.id ?? null;
  }
}

interface Run {
  readonly name: string;
  readonly keys: string[];
  /** Of its youngest blob. */
  modifiedAt: number;
}

/** The manifests, which come last, say what the run is until the end. */
async function removeAll(blobs: BlobStore, keys: readonly string[]): Promise<number> {
  for (const key of keys) await blobs.delete({ key });
  return keys.length;
}

async function readHeader(blobs: BlobStore, run: string): Promise<readonly string[] | null> {
  const found = await blobs.get({ key: manifestsKey(run), length: HEADER_BYTES });
  if (found === null) return [];
  const pieces: Uint8Array[] = [];
  for await (const piece of found.body) pieces.push(piece);
  const [line = ''] = Buffer.concat(pieces).toString('utf8').split('\n', 1);
  return decodeHeader(line)?.jobs ?? null;
}
