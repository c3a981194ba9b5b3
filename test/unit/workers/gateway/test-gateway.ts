/** A worker over a real launcher and a real log, with claims answered from memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobTopic, TOPICS } from '../../../../core/fleet/topics.js';
import type { JobSpecification, WorkerEvent } from '../../../../core/job/job.js';
import type { Clock } from '../../../../core/ports/clock.js';
import { openFetchers } from '../../../../infra/fetch/open-fetchers.js';
import { EmbeddedTopicLog } from '../../../../infra/log/embedded/embedded-topic-log.js';
import { connectLauncher } from '../../../../infra/process/launcher/connect.js';
import { createInProcessClient } from '../../../support/in-process-client.js';
import { SystemClock } from '../../../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../../../infra/runtime/system-random.js';
import { SqliteDatabase } from '../../../../infra/store/sqlite/sqlite-database.js';
import { decodeWorkerEvent, encodeOffer } from '../../../../proto/codec/index.js';
import { WorkerNodeService } from '../../../../proto/gen/marid/v1/worker_node_service_pb.js';
import { WorkerService } from '../../../../proto/gen/marid/v1/worker_service_pb.js';
import { LauncherLink } from '../../../../workers/gateway/attempts/launcher-link.js';
import { cacheFolderOf } from '../../../../workers/gateway/cache/cache-folder.js';
import { openCaches } from '../../../../workers/gateway/cache/open-caches.js';
import { workerConfigSchema, type WorkerConfig } from '../../../../workers/gateway/config.js';
import { Gateway } from '../../../../workers/gateway/gateway.js';
import { loadIdentity } from '../../../../workers/gateway/identity.js';
import { eventually } from '../../../support/eventually.js';
import { MemoryWorkerService } from '../../../support/memory-worker-service.js';
import { QuietLogger } from '../../../support/quiet-logger.js';
import { folderPreparation } from '../../../../workers/gateway/staging/stages.js';
import { noBlobs } from '../../../support/no-blobs.js';

const TERMINAL = ['SUCCEEDED', 'FAILED', 'KILLED'];
/** Some jobs of the tests fill memory or files, which takes long on a busy machine. In milliseconds. */
const END_WITHIN_MS = 25_000;

/** Its parts outlive the worker, so that another process of the same state folder can follow. */
export class TestGateway {
  readonly folder = mkdtempSync(join(tmpdir(), 'marid-gateway-'));
  readonly service = new MemoryWorkerService();
  readonly events: WorkerEvent[] = [];
  readonly logger = new QuietLogger();
  readonly #clock = new SystemClock();
  readonly #random = new SystemRandom();
  readonly #db = SqliteDatabase.open({ path: ':memory:', logger: this.logger });
  readonly #log = new EmbeddedTopicLog({ db: this.#db, clock: this.#clock, logger: this.logger });
  launcherProcessId = 0;
  #stopWorker: () => Promise<void> = async () => undefined;

  /** Makes the topics and reads what workers report. */
  async open(): Promise<void> {
    const topics = [jobTopic('default'), TOPICS.workerEvents, TOPICS.heartbeats];
    await this.#log.ensureTopics({ topics: topics.map((topic) => ({ topic, partitions: 2, retentionMs: 1e9 })) });
    await this.#log.subscribe({
      topics: [TOPICS.workerEvents],
      start: { kind: 'positions', positions: [] },
      onRecords: (records) => {
        for (const record of records) {
          const event = decodeWorkerEvent(record.value);
          if (event !== null) this.events.push(event);
        }
      },
      onBroken: () => undefined,
    });
  }

  /** Starts a worker, whose loops have the time of `loopClock`; a client of what it serves. */
  async startWorker(config: Partial<WorkerConfig> = {}, loopClock: Clock = this.#clock) {
    const [clock, random, logger, log] = [this.#clock, this.#random, this.logger, this.#log];
    const stateFolder = join(this.folder, 'state');
    const connect = async () => {
      const launcher = await connectLauncher({ stateFolder, clock, logger, idleMs: 200 });
      this.launcherProcessId = launcher.processId;
      return launcher;
    };
    const identity = await loadIdentity(stateFolder, random);
    const launcher = await LauncherLink.connect({ connect, clock, random, logger });
    const full = workerConfigSchema.parse({
      stateFolder,
      memoryMb: 1000,
      killGraceMs: 500,
      drainTimeoutMs: 0,
      ...config,
    });
    const client = createInProcessClient(WorkerService, this.service.handlers);
    const fetchers = openFetchers(full, { clock, logger, blobs: noBlobs });
    const caches = await openCaches({
      ...{ folder: cacheFolderOf(stateFolder), fetchers, settings: full, clock, random, logger },
    });
    const preparation = folderPreparation(caches, { timeoutMs: full.stagingTimeoutMs, clock }, full);
    const parts = { identity, launcher, preparation, client, log, random, logger };
    const gateway = new Gateway({ ...parts, config: full, clock: loopClock });
    await gateway.start('127.0.0.1:1');
    this.#stopWorker = async () => {
      await gateway.stop();
      await fetchers.close();
      await launcher.close();
    };
    return createInProcessClient(WorkerNodeService, gateway.handlers);
  }

  /** Stops the worker that was started last. */
  get stopWorker(): () => Promise<void> {
    return this.#stopWorker;
  }

  /** Offers a job. */
  async offer(job: JobSpecification): Promise<void> {
    this.service.waiting.set(job.jobId, job);
    const value = encodeOffer({ jobId: job.jobId, memoryMb: job.resolution.memoryMb, offer: 1 });
    await this.#log.produce({ records: [{ topic: jobTopic('default'), partition: 0, key: '', value, headers: {} }] });
  }

  /** Waits for a job's last event. */
  end(jobId: string): Promise<WorkerEvent> {
    return eventually(
      `the end of ${jobId}`,
      () => this.events.find((event) => event.jobId === jobId && TERMINAL.includes(event.status)),
      END_WITHIN_MS,
    );
  }

  /** Waits for an event of a job. */
  status(jobId: string, status: WorkerEvent['status']): Promise<WorkerEvent> {
    return eventually(`${status} of ${jobId}`, () =>
      this.events.find((event) => event.jobId === jobId && event.status === status),
    );
  }

  /** What a file of a job holds. */
  pathOf(jobId: string, path: string): string {
    return join(this.folder, 'state/jobs', jobId, '1', path);
  }

  async close(): Promise<void> {
    await this.#stopWorker();
    await this.#log.close();
    this.#db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
