/**
 * Opens the engines of a control plane, each by choice. Whatever is not chosen is not even loaded: drivers are large, and the embedded engines are to run where none is
 * installed.
 */
import { join } from 'node:path';
import type { BlobStore } from '../../core/ports/blob-store.js';
import type { Clock } from '../../core/ports/clock.js';
import type { FleetStore } from '../../core/ports/fleet-store.js';
import type { JobStore } from '../../core/ports/job-store.js';
import type { JobSurvey } from '../../core/ports/job-survey.js';
import type { LeasePort } from '../../core/ports/lease-port.js';
import type { Logger } from '../../core/ports/logger.js';
import type { RegistryStore } from '../../core/ports/registry-store.js';
import type { TopicLog } from '../../core/ports/topic-log.js';
import type { UserSlotStore } from '../../core/ports/user-slot-store.js';
import type { SqliteDatabase } from '../store/sqlite/sqlite-database.js';
import type { EngineChoice } from './engine-options.js';
import { engineSetOf } from './engine-set.js';
import { openBlobs } from './open-blobs.js';
import { openKafka } from './open-kafka.js';

/** Shorter than a worker's: while the partitions of a control plane that died are unread, what happened to jobs is not seen. */
const SESSION_MS = 10_000;

/** What opening needs. */
export interface EngineRuntime {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The stores, of one product. */
type Stores = Pick<OpenEngines, 'jobs' | 'survey' | 'registry' | 'fleet' | 'userSlots'>;

/** The engines, open. */
export interface OpenEngines {
  readonly jobs: JobStore;
  readonly survey: JobSurvey;
  readonly registry: RegistryStore;
  readonly fleet: FleetStore;
  readonly userSlots: UserSlotStore;
  readonly log: TopicLog;
  readonly lease: LeasePort;
  /** The blob store, opened by the first call. Rejects while it cannot be reached. */
  readonly blobs: () => Promise<BlobStore>;
  /** Product by port, for people. */
  readonly names: Readonly<Record<string, string>>;
  /** Whether the store is a file that this process holds alone. */
  readonly alone: boolean;
  /** Whether store and log are one file, in which what is written later is seen later. */
  readonly oneDatabase: boolean;
  /** Closes all of them, the last opened first; safe to repeat. */
  close(): Promise<void>;
}

/** Opens them; only Kafka may be away. Rejects with what the first engine that failed said; what was open before is closed then. */
export async function openControlPlaneEngines(choice: EngineChoice, runtime: EngineRuntime): Promise<OpenEngines> {
  const opening = new Opening(choice, runtime);
  try {
    const stores = await opening.stores();
    const log = await opening.log();
    const lease = await opening.lease();
    const names = { store: choice.store, log: choice.log, lease: choice.lease, blobs: choice.blobs };
    const alone = choice.store === 'sqlite';
    const oneDatabase = alone && choice.log === 'embedded';
    const ends = { blobs: () => opening.blobs(), close: () => opening.close() };
    return { ...stores, log, lease, names, alone, oneDatabase, ...ends };
  } catch (error) {
    await opening.close();
    throw error;
  }
}

/** Engines that are being opened, with what ends them. States: open, closed (`close`). */
class Opening {
  private readonly releases: (() => Promise<void> | void)[] = [];
  private database: SqliteDatabase | null = null;
  private opened: Promise<BlobStore> | null = null;
  private closing: Promise<void> | null = null;

  constructor(
    private readonly choice: EngineChoice,
    private readonly runtime: EngineRuntime,
  ) {}

  async stores(): Promise<Stores> {
    return this.choice.store === 'mongo' ? this.mongo() : this.sqlite();
  }

  async log(): Promise<TopicLog> {
    if (this.choice.log === 'kafka') {
      const options = {
        ...this.runtime,
        clientId: 'marid-control-plane',
        sessionTimeoutMs: SESSION_MS,
        mayBeAway: true,
      };
      return this.keep(await openKafka(this.choice, options));
    }
    const { EmbeddedTopicLog } = await import('../log/embedded/embedded-topic-log.js');
    return this.keep(new EmbeddedTopicLog({ db: await this.file(), ...this.runtime }));
  }

  async lease(): Promise<LeasePort> {
    if (this.choice.lease === 'redis') {
      const { openRedis } = await import('./open-redis.js');
      return this.keep(await openRedis(this.choice, { prefix: 'lease', ...this.runtime }));
    }
    const { EmbeddedLease } = await import('../lease/embedded/embedded-lease.js');
    return this.keep(new EmbeddedLease({ db: await this.file(), clock: this.runtime.clock }));
  }

  blobs(): Promise<BlobStore> {
    this.opened ??= this.openBlobs();
    return this.opened;
  }

  close(): Promise<void> {
    this.closing ??= this.release();
    return this.closing;
  }

  /** A failure is forgotten: the next call tries again. */
  private async openBlobs(): Promise<BlobStore> {
    try {
      return this.keep(await openBlobs(this.choice, this.runtime.logger)).blobs;
    } catch (error) {
      this.opened = null;
      throw error;
    }
  }

  private async mongo(): Promise<Stores> {
    const { openMongo, EngineRecord } = await import('./open-mongo.js');
    const { database, ...stores } = await openMongo(this.choice, this.runtime);
    this.keep(database);
    this.keep(await EngineRecord.claim(database, await engineSetOf(this.choice)));
    return stores;
  }

  private async sqlite(): Promise<Stores> {
    const db = await this.file();
    const [jobs, survey, registry, fleet, slots] = await Promise.all([
      import('../store/sqlite/sqlite-job-store.js'),
      import('../store/sqlite/sqlite-job-survey.js'),
      import('../store/sqlite/sqlite-registry-store.js'),
      import('../store/sqlite/sqlite-fleet-store.js'),
      import('../store/sqlite/sqlite-user-slot-store.js'),
    ]);
    return {
      ...{ jobs: new jobs.SqliteJobStore(db), survey: new survey.SqliteJobSurvey(db) },
      ...{ registry: new registry.SqliteRegistryStore(db), fleet: new fleet.SqliteFleetStore(db) },
      userSlots: new slots.SqliteUserSlotStore(db),
    };
  }

  /** The one file of everything that is embedded. */
  private async file(): Promise<SqliteDatabase> {
    if (this.database !== null) return this.database;
    const { dataFolder } = this.choice;
    const { SqliteDatabase } = await import('../store/sqlite/sqlite-database.js');
    const path = dataFolder === ':memory:' ? dataFolder : join(dataFolder, 'marid.db');
    const database = SqliteDatabase.open({ path, logger: this.runtime.logger });
    this.releases.push(() => {
      database.close();
    });
    this.database = database;
    return database;
  }

  private keep<T extends { close(): Promise<void> }>(engine: T): T {
    this.releases.push(() => engine.close());
    return engine;
  }

  private async release(): Promise<void> {
    await this.opened?.catch(() => undefined); // whoever asked for blobs was told
    for (let next = this.releases.pop(); next !== undefined; next = this.releases.pop()) await next();
  }
}
