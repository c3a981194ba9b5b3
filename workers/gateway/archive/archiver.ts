/** Archives attempts after their end: what ends within a moment together, each again and again until it is done, or the time for it is over. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { errorText } from '../../../core/errors/system-error.js';
import type { ArchiveEvent, ArchiveStatus } from '../../../core/archive/archive-status.js';
import type { ArchiveManifest } from '../../../core/archive/manifest.js';
import { isMaridError } from '../../../core/errors/marid-error.js';
import { attemptKey } from '../../../core/job/attempt-key.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { BlobStore } from '../../../core/ports/blob-store.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { Service } from '../../../core/ports/service.js';
import { WHOLE_ARCHIVE, type ArchiveFacts, type Attempt } from '../attempts/attempt.js';
import { readFacts } from '../attempts/facts-file.js';
import type { EventOutbox } from '../attempts/event-outbox.js';
import { backoffMs } from '../backoff.js';
import { breathe } from '../breathe.js';
import { attemptDirectory } from '../jobs-folder.js';
import { removeTree } from '../remove-tree.js';
import { DueArchives, type DueArchive } from './due-archives.js';
import { exclusionTest, findFiles } from './find-files.js';
import { PACK_BYTES, writeArchives, type FoundAttempt } from './write-archives.js';

/** Goes at the same time: a large attempt holds one of them up. */
const AT_ONCE = 2;
/** How long an attempt waits for company, in milliseconds, and how many go together. */
const GATHER_MS = 1_000;
/** The ids of so many jobs have room in the part of the manifests in which `archive-retention` looks for them. */
const MOST_TOGETHER = 200;
/** Attempts that are looked through at a time. */
const BREATH = 20;
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
  /** File of the notes, absolute. */
  readonly dueFile: string;
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
 * States: new, working (`start`: takes up what the process before has left), in haste (`flush`: nothing waits for company any more), stopped (`stop`: what is not done stays noted).
 */
export class Archiver implements Service {
  readonly #options: ArchiverOptions;
  readonly #due: DueArchives;
  readonly #ended = new AbortController();
  readonly #noted = new Map<string, Entry>();
  readonly #working = new Set<Promise<void>>();
  /** For jobs that leave out nothing of their own. */
  readonly #excluded: (path: string) => boolean;
  #queue: Entry[] = [];
  #haste = false;
  #cancelGathering: (() => void) | null = null;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#due = new DueArchives(options.dueFile);
    this.#excluded = exclusionTest({ globs: options.policy.archiveExcludes, paths: [] });
  }

  async start(): Promise<void> {
    if (this.#options.blobs === null) return;
    for (const due of this.#due.all()) {
      if (!this.holds(due)) this.#noted.set(attemptKey(due), new Entry(due, null));
      this.enqueue(due);
    }
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    this.#cancelGathering?.();
    for (const entry of this.#noted.values()) entry.cancelRest();
    await Promise.all(this.#working);
    this.#due.close();
  }

  /** Archives what is queued at once; resolves when nothing is under way. What rests after a failure is not waited for. */
  async flush(): Promise<void> {
    this.#haste = true;
    this.#pump();
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  /** Whether the files of an attempt are still needed. */
  holds(reference: AttemptReference): boolean {
    return this.#noted.has(attemptKey(reference));
  }

  /** What is to become of the files of an attempt whose process is gone. */
  note({ reference, facts, directory }: Attempt, endedAt: number): ArchiveStatus {
    const { policy, blobs, logger } = this.#options;
    if (!policy.archive || blobs === null || facts.archive.disabled) return 'DISABLED';
    if (!existsSync(directory)) return 'NO_FILES';
    if (this.holds(reference)) return 'PENDING';
    const due = { ...reference, endedAt };
    try {
      this.#due.note(due);
    } catch (error) {
      logger.warn(
        { ...reference, error },
        'the next process of this worker will not know that an attempt is to be archived',
      );
    }
    this.#noted.set(attemptKey(due), new Entry(due, facts.archive));
    return 'PENDING';
  }

  /** Begins the archive of an attempt that was noted. Safe to repeat. */
  enqueue(reference: AttemptReference): void {
    const entry = this.#noted.get(attemptKey(reference));
    if (entry === undefined || entry.begun) return;
    entry.begun = true;
    this.#queue.push(entry);
    if (this.#haste || this.#queue.length >= MOST_TOGETHER) this.#pump();
    else this.#cancelGathering ??= this.#options.clock.after(GATHER_MS, () => this.#pump());
  }

  #pump(): void {
    this.#cancelGathering?.();
    this.#cancelGathering = null;
    while (this.#queue.length > 0 && this.#working.size < AT_ONCE && !this.#ended.signal.aborted) {
      const entries = this.#queue.splice(0, MOST_TOGETHER);
      const work = this.#archive(entries).finally(() => {
        this.#working.delete(work);
        this.#pump();
      });
      this.#working.add(work);
    }
  }

  /** In goes of no more than a pack, so that what is large is told by itself, and repeated by itself. */
  async #archive(entries: readonly Entry[]): Promise<void> {
    let together: Found[] = [];
    let bytes = 0;
    for (const [index, entry] of entries.entries()) {
      if (index % BREATH === BREATH - 1) await breathe();
      const found = await this.#find(entry);
      if (found === null) continue;
      const { sizeBytes } = found.found;
      if (entry.alone) {
        await this.#write([found]);
        continue;
      }
      if (bytes + sizeBytes > PACK_BYTES) {
        await this.#write(together);
        [together, bytes] = [[], 0];
      }
      together.push(found);
      bytes += sizeBytes;
    }
    await this.#write(together);
  }

  /** What an attempt has left; `null` when there is nothing to write, now or ever. */
  async #find(entry: Entry): Promise<Found | null> {
    const { policy, jobsFolder } = this.#options;
    const { jobId, attempt } = entry.due;
    const reference = { jobId, attempt };
    const root = attemptDirectory(jobsFolder, reference);
    try {
      entry.facts ??= (await readFacts(root))?.archive ?? WHOLE_ARCHIVE;
      const excluded = this.#exclusionOf(entry.facts);
      const { archiveMaxFiles: mostFiles, archiveMaxBytes: mostBytes } = policy;
      const found = await findFiles({ root, excluded, mostFiles, mostBytes, signal: this.#ended.signal });
      if (found !== null) return { entry, reference, found };
      this.#tell([{ entry, event: { ...reference, archive: 'NO_FILES', message: '' } }]);
      return null;
    } catch (error) {
      this.#failed([entry], error);
      return null;
    }
  }

  /** Most jobs leave out what the worker does. */
  #exclusionOf({ excludes, paths }: ArchiveFacts): (path: string) => boolean {
    const { archiveExcludes } = this.#options.policy;
    if (excludes.length === 0 && paths.length === 0) return this.#excluded;
    return exclusionTest({ globs: [...archiveExcludes, ...excludes], paths });
  }

  async #write(attempts: readonly Found[]): Promise<void> {
    const { identity, blobs, clock, random } = this.#options;
    if (attempts.length === 0 || blobs === null) return;
    try {
      const written = await writeArchives({
        ...{ attempts, workerId: identity.workerId, blobs: await blobs() },
        ...{ run: random.id(), now: clock.now(), signal: this.#ended.signal },
      });
      const told = attempts.flatMap(({ entry, reference }, index) => {
        const archive = written[index];
        if (archive === undefined) return [];
        const { place, manifest } = archive;
        return [{ entry, event: { ...reference, archive: 'ARCHIVED', message: summaryOf(manifest), place } as const }];
      });
      this.#tell(told);
    } catch (error) {
      this.#failed(
        attempts.map(({ entry }) => entry),
        error,
      );
    }
  }

  #failed(entries: readonly Entry[], error: unknown): void {
    const { clock, logger, policy } = this.#options;
    if (this.#ended.signal.aborted) return;
    for (const entry of entries) {
      const { jobId, attempt, endedAt } = entry.due;
      if (clock.now() <= endedAt + policy.archiveDeadlineMs) {
        this.#rest(entry, error);
        continue;
      }
      logger.error({ jobId, attempt, error }, 'an attempt could not be archived; its files stay here for a while');
      const message = errorText(error).slice(0, MOST_MESSAGE_CHARACTERS);
      this.#tell([{ entry, event: { jobId, attempt, archive: 'FAILED', message } }]);
    }
  }

  #rest(entry: Entry, error: unknown): void {
    const { clock, random, logger } = this.#options;
    const { jobId, attempt } = entry.due;
    entry.failures += 1;
    entry.alone = !isMaridError(error);
    const waitMs = backoffMs({ failures: entry.failures, firstMs: FIRST_RETRY_MS, mostMs: MOST_RETRY_MS, random });
    logger.warn({ jobId, attempt, error, waitMs }, 'an attempt could not be archived yet');
    entry.cancelRest = clock.after(waitMs, () => {
      entry.begun = false;
      this.enqueue(entry.due);
    });
  }

  /** The notes, and the folders unless they are kept for a while, go once the log holds the news. */
  #tell(told: readonly Told[]): void {
    const { outbox, identity, logger } = this.#options;
    const archives = told.map(({ event }) => event);
    outbox.send({ workerId: identity.workerId, archives }, () => {
      this.#forget(told).catch((error: unknown) => {
        logger.warn({ error }, 'archived attempts could not be cleaned up');
      });
    });
  }

  async #forget(told: readonly Told[]): Promise<void> {
    const { policy, jobsFolder } = this.#options;
    this.#due.remove(told.map(({ entry }) => entry.due));
    for (const { entry, event } of told) {
      this.#noted.delete(attemptKey(entry.due));
      if (event.archive !== 'ARCHIVED' || policy.keepJobFoldersMs > 0) continue;
      const folder = attemptDirectory(jobsFolder, event);
      await removeTree(folder);
      await rm(`${folder}.json`, { force: true });
    }
  }
}

/** An attempt that is to be archived. */
class Entry {
  /** Whether it was queued. */
  begun = false;
  failures = 0;
  /** Whether it goes by itself, because something in its folder may be what fails. */
  alone = false;
  cancelRest: () => void = () => undefined;

  /** `facts`: `null` when they are to be read. */
  constructor(
    readonly due: DueArchive,
    public facts: ArchiveFacts | null,
  ) {}
}

interface Found extends FoundAttempt {
  readonly entry: Entry;
}

interface Told {
  readonly entry: Entry;
  readonly event: ArchiveEvent;
}

function summaryOf({ files, skippedCount }: ArchiveManifest): string {
  const left = skippedCount === 0 ? '' : `, ${String(skippedCount)} left out`;
  return `${String(files.length)} files${left}.`;
}
