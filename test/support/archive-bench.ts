/** An archiver over a real folder, log and blob store, and what a control plane reads of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ArchiveEvent, ArchivePlace } from '../../core/archive/archive-status.js';
import { TOPICS } from '../../core/fleet/topics.js';
import type { BlobStore } from '../../core/ports/blob-store.js';
import { FilesystemBlobStore } from '../../infra/blobs/filesystem/filesystem-blob-store.js';
import { EmbeddedTopicLog } from '../../infra/log/embedded/embedded-topic-log.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SqliteDatabase } from '../../infra/store/sqlite/sqlite-database.js';
import { decodeArchiveNews } from '../../proto/codec/index.js';
import { ArchiveReader } from '../../services/control-plane/archive/archive-reader.js';
import { Archiver } from '../../workers/gateway/archive/archiver.js';
import { Attempt, WHOLE_ARCHIVE, type ArchiveFacts } from '../../workers/gateway/attempts/attempt.js';
import { EventOutbox } from '../../workers/gateway/attempts/event-outbox.js';
import { writeFacts } from '../../workers/gateway/attempts/facts-file.js';
import { workerConfigSchema, type WorkerConfig } from '../../workers/gateway/config.js';
import { FakeClock, until } from './fake-clock.js';
import { QuietLogger } from './quiet-logger.js';
import { SeededRandom } from './seeded-random.js';
import { makeTemporaryFolder } from './temporary-folder.js';

const runtime = { random: new SeededRandom(), logger: new QuietLogger() };

/** Opened by `open`, ended by `close`. */
export class ArchiveBench {
  readonly folder = makeTemporaryFolder();
  readonly clock = new FakeClock();
  /** What was told, and by how many records. */
  events: ArchiveEvent[] = [];
  news = 0;
  archiver: Archiver;
  private readonly db = SqliteDatabase.open({ path: ':memory:', logger: runtime.logger });
  private readonly log = new EmbeddedTopicLog({ db: this.db, clock: new SystemClock(), logger: runtime.logger });
  private readonly outbox = new EventOutbox({ ...runtime, log: this.log, clock: this.clock });
  private readonly reader: ArchiveReader;

  private constructor(
    readonly store: FilesystemBlobStore,
    private readonly blobsFolder: { remove(): void },
  ) {
    this.archiver = this.makeArchiver();
    this.reader = new ArchiveReader(async () => store);
  }

  static async open(): Promise<ArchiveBench> {
    const folder = makeTemporaryFolder();
    const bench = new ArchiveBench(await FilesystemBlobStore.connect({ folder: folder.path }), folder);
    await bench.follow();
    return bench;
  }

  async close(): Promise<void> {
    await this.archiver.stop();
    await this.outbox.stop();
    await this.log.close();
    this.db.close();
    await this.store.close();
    this.folder.remove();
    this.blobsFolder.remove();
  }

  makeArchiver(config: Partial<WorkerConfig> = {}, blobs: () => Promise<BlobStore> = async () => this.store): Archiver {
    const { clock, outbox } = this;
    const files = { jobsFolder: this.path('jobs'), dueFile: this.path('due') };
    const policy = workerConfigSchema.parse(config);
    return new Archiver({ ...runtime, ...files, policy, identity: { workerId: 'w1' }, blobs, outbox, clock });
  }

  /** An attempt that has ended with these files. */
  makeAttempt(
    jobId: string,
    files: Readonly<Record<string, string>>,
    archive: Partial<ArchiveFacts> = {},
    number = 1,
  ): Attempt {
    const directory = this.path('jobs', jobId, String(number));
    mkdirSync(directory, { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    const facts = {
      memoryMb: 1,
      hasSetup: false,
      recordsOutputTimes: false,
      archive: { ...WHOLE_ARCHIVE, ...archive },
    };
    writeFacts(directory, facts);
    return new Attempt({ reference: { jobId, attempt: number }, directory, memoryKey: '', facts, sequence: 0 });
  }

  /** Notes an attempt and queues it, as at its end. */
  end(attempt: Attempt, endedAt = this.clock.now()): void {
    this.archiver.note(attempt, endedAt);
    this.archiver.enqueue(attempt.reference);
  }

  /** Archives an attempt; what was told of it. */
  async archive(attempt: Attempt): Promise<ArchiveEvent> {
    const { jobId } = attempt.reference;
    this.end(attempt);
    await this.archiver.flush();
    await until(() => this.events.some((event) => event.jobId === jobId));
    return this.eventOf(jobId);
  }

  eventOf(id: string): ArchiveEvent {
    return this.events.find(({ jobId }) => jobId === id) ?? fail();
  }

  /** Where the archive of a job lies. */
  placeOf(jobId: string): ArchivePlace {
    return this.eventOf(jobId).place ?? fail();
  }

  /** A whole blob. */
  async textOf(key: string): Promise<string> {
    return textOf((await this.store.get({ key }))?.body ?? fail());
  }

  /** Keys of all blobs. */
  async keys(): Promise<readonly string[]> {
    return (await this.store.list({ prefix: '', after: null, limit: 1000 })).map(({ key }) => key);
  }

  async read(jobId: string, path: string, range = { offset: 0, limit: 0 }): Promise<string> {
    const pieces: Uint8Array[] = [];
    for await (const { data } of this.reader.read(this.placeOf(jobId), { path, ...range })) pieces.push(data);
    return Buffer.concat(pieces).toString();
  }

  async list(jobId: string, below = ''): Promise<readonly string[]> {
    const { files } = await this.reader.list(this.placeOf(jobId), { folder: below, after: '', limit: 10_000 });
    return files.map(({ path }) => path);
  }

  path(...names: readonly string[]): string {
    return join(this.folder.path, ...names);
  }

  private async follow(): Promise<void> {
    const topic = TOPICS.workerEvents;
    await this.log.ensureTopics({ topics: [{ topic, partitions: 1, retentionMs: 1e9 }] });
    await this.log.subscribe({
      ...{ topics: [topic], start: { kind: 'positions', positions: [] }, onBroken: () => undefined },
      onRecords: (records) => {
        this.news += records.length;
        for (const { value } of records) this.events.push(...(decodeArchiveNews(value)?.archives ?? fail()));
      },
    });
    this.outbox.open();
  }
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function fail(): never {
  throw new Error('nothing was told or stored');
}
