/** Archives attempts after their end: some at a time, each again and again until it is done, or the time for it is over. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { ArchiveStatus } from '../../../core/archive/archive-status.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { BlobStore } from '../../../core/ports/blob-store.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { Service } from '../../../core/ports/service.js';
import type { Attempt } from '../attempts/attempt.js';
import { readFacts } from '../attempts/facts-file.js';
import type { EventOutbox } from '../attempts/event-outbox.js';
import { backoffMs } from '../backoff.js';
import { attemptDirectory } from '../jobs-folder.js';
import { DueArchives, type DueArchive } from './due-archives.js';
import { writeArchive } from './write-archive.js';

/** Attempts archived at once. */
const AT_ONCE = 4;
const FIRST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 60_000;
const MOST_MESSAGE_CHARACTERS = 500;

/** What is configured about archives. */
export interface ArchivePolicy {
  readonly archive: boolean;
  /** Patterns of files that are left out. */
  readonly archiveExcludes: readonly string[];
  readonly archiveMaxFiles: number;
  readonly archiveMaxBytes: number;
  /** Milliseconds after the end of an attempt in which its archive must be done. */
  readonly archiveDeadlineMs: number;
  /** Milliseconds that the folder of an attempt is kept; 0: it goes with the archive's end. */
  readonly keepJobFoldersMs: number;
}

/** Options of `Archiver`. */
export interface ArchiverOptions {
  readonly policy: ArchivePolicy;
  readonly identity: { readonly workerId: string };
  /** The blob store, opened by the first call; `null`: nothing is archived. */
  readonly blobs: (() => Promise<BlobStore>) | null;
  /** Folder of the notes, absolute. */
  readonly dueFolder: string;
  /** Folder of all attempts' folders, absolute. */
  readonly jobsFolder: string;
  readonly outbox: EventOutbox;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * An attempt is noted (`note`, before its end is told), then queued (`enqueue`, once its end is told), under way, perhaps resting after a failure and queued again, told,
 * and forgotten when the log holds what became of it.
 * States: new, working (`start`: takes up what the process before has left), stopped (`stop`: what is not done stays noted).
 */
export class Archiver implements Service {
  readonly #options: ArchiverOptions;
  readonly #due: DueArchives;
  readonly #ended = new AbortController();
  readonly #noted = new Map<string, Entry>();
  readonly #queue: Entry[] = [];
  readonly #working = new Set<Promise<void>>();

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#due = new DueArchives(options.dueFolder);
  }

  async start(): Promise<void> {
    if (this.#options.blobs === null) return;
    for (const due of await this.#due.all()) {
      if (!this.#noted.has(keyOf(due))) this.#noted.set(keyOf(due), new Entry(due));
      this.enqueue(due);
    }
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    for (const entry of this.#noted.values()) entry.cancelRest();
    await Promise.all(this.#working);
  }

  /** Resolves when nothing is under way or queued; what rests after a failure is not waited for. */
  async whenIdle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  /** Whether the files of an attempt are still needed. */
  holds(reference: AttemptReference): boolean {
    return this.#noted.has(keyOf(reference));
  }

  /** What is to become of the files of an attempt whose process is gone. */
  note(attempt: Attempt, endedAt: number): ArchiveStatus {
    const { policy, blobs } = this.#options;
    if (!policy.archive || blobs === null || attempt.facts.archive.disabled) return 'DISABLED';
    if (!existsSync(attempt.directory)) return 'NO_FILES';
    const due = { ...attempt.reference, endedAt };
    this.#due.note(due);
    if (!this.holds(due)) this.#noted.set(keyOf(due), new Entry(due));
    return 'PENDING';
  }

  /** Begins the archive of an attempt that was noted. Safe to repeat. */
  enqueue(reference: AttemptReference): void {
    const entry = this.#noted.get(keyOf(reference));
    if (entry === undefined || entry.begun) return;
    entry.begun = true;
    this.#queue.push(entry);
    this.#pump();
  }

  #pump(): void {
    while (this.#working.size < AT_ONCE && !this.#ended.signal.aborted) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      const work = this.#archive(entry).finally(() => {
        this.#working.delete(work);
        this.#pump();
      });
      this.#working.add(work);
    }
  }

  async #archive(entry: Entry): Promise<void> {
    const { due } = entry;
    try {
      const files = await this.#write(due);
      this.#tell(due, files === null ? 'NO_FILES' : 'ARCHIVED', files === null ? '' : `${files} files.`);
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#failed(entry, error);
    }
  }

  /** How many files were archived; `null` when there is no folder any more. */
  async #write(due: DueArchive): Promise<number | null> {
    const { policy, identity, blobs, jobsFolder, clock, random } = this.#options;
    const reference = referenceOf(due);
    const root = attemptDirectory(jobsFolder, reference);
    if (blobs === null || !existsSync(root)) return null;
    const facts = await readFacts(root);
    const { excludes = [], paths = [] } = facts?.archive ?? {};
    const { files } = await writeArchive({
      ...{ reference, root, workerId: identity.workerId, blobs: await blobs() },
      exclude: { globs: [...policy.archiveExcludes, ...excludes], paths },
      ...{ mostFiles: policy.archiveMaxFiles, mostBytes: policy.archiveMaxBytes },
      ...{ run: random.id(), now: clock.now(), signal: this.#ended.signal },
    });
    return files.length;
  }

  #failed(entry: Entry, error: unknown): void {
    const { clock, random, logger, policy } = this.#options;
    const { due } = entry;
    entry.failures += 1;
    if (clock.now() > due.endedAt + policy.archiveDeadlineMs) {
      logger.error({ ...referenceOf(due), error }, 'an attempt could not be archived; its files stay here for a while');
      this.#tell(due, 'FAILED', textOf(error).slice(0, MOST_MESSAGE_CHARACTERS));
      return;
    }
    const waitMs = backoffMs({ failures: entry.failures, firstMs: FIRST_RETRY_MS, mostMs: MOST_RETRY_MS, random });
    logger.warn({ ...referenceOf(due), error, waitMs }, 'an attempt could not be archived yet');
    entry.cancelRest = clock.after(waitMs, () => {
      this.#queue.push(entry);
      this.#pump();
    });
  }

  /** The note, and the folder unless it is kept for a while, go once the log holds the news. */
  #tell(due: DueArchive, archive: ArchiveStatus, message: string): void {
    const { outbox, identity, clock } = this.#options;
    const event = { ...referenceOf(due), workerId: identity.workerId, at: clock.now(), archive, message };
    outbox.send(event, () => {
      this.#forget(due, archive === 'ARCHIVED').catch((error: unknown) => {
        this.#options.logger.warn({ ...referenceOf(due), error }, 'an archived attempt could not be cleaned up');
      });
    });
  }

  async #forget(due: DueArchive, archived: boolean): Promise<void> {
    const { policy, jobsFolder } = this.#options;
    await this.#due.remove(due);
    this.#noted.delete(keyOf(due));
    if (!archived || policy.keepJobFoldersMs > 0) return;
    const folder = attemptDirectory(jobsFolder, due);
    await rm(folder, { recursive: true, force: true });
    await rm(`${folder}.json`, { force: true });
  }
}

/** An attempt that is to be archived. */
class Entry {
  /** Whether it was queued. */
  begun = false;
  failures = 0;
  cancelRest: () => void = () => undefined;

  constructor(readonly due: DueArchive) {}
}

function referenceOf({ jobId, attempt }: AttemptReference): AttemptReference {
  return { jobId, attempt };
}

function keyOf({ jobId, attempt }: AttemptReference): string {
  return `${jobId}/${attempt}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
