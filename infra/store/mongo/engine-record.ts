/** Which engines the control planes of a database have beside it: with an embedded one there can be one control plane only, and it cannot see others but here. */
import { MaridError } from '../../../core/errors/marid-error.js';
import { PollLoop } from '../../../core/loops/poll-loop.js';
import type { MongoDatabase, StoredDocument } from './mongo-database.js';
import { DUPLICATE_KEY, serverCodeOf } from './mongo-errors.js';
import { OPERATION_MS } from './mongo-limits.js';
import { COLLECTIONS } from './mongo-schema.js';

/** A control plane of other engines that was not seen for this long is gone, milliseconds. */
export const GONE_AFTER_MS = 45_000;
const RENEW_MS = 15_000;
const MAX_TRIES = 5;
const RECORD_ID = 'engines';

/** What a control plane says of its engines. */
export interface EngineSet {
  /** All that control planes of one database must have in common, for people. */
  readonly engines: string;
  /** Identity of the data folder of embedded engines; `null`: nothing is embedded, and any number may have the same. */
  readonly folderId: string | null;
  /** Host and folder, for people. */
  readonly place: string;
}

interface EngineDocument extends StoredDocument, EngineSet {
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
}

/** The record as this control plane has claimed it. States: kept (from `claim`: renewed every 15 s), closed (`close`: given up if nobody else can have it). */
export class EngineRecord {
  private readonly renewing: PollLoop;

  private constructor(
    private readonly database: MongoDatabase,
    private readonly own: EngineSet,
  ) {
    const { clock, logger } = database;
    this.renewing = new PollLoop({
      ...{ name: 'engine-record', intervalMs: () => RENEW_MS, clock, logger },
      run: () => this.renew(),
    });
  }

  /** Claims it. Rejects with `UNAVAILABLE` when a control plane with other engines, or with embedded ones in another folder, was seen just now. */
  static async claim(database: MongoDatabase, own: EngineSet): Promise<EngineRecord> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (!(await database.within(() => tryToClaim(database, own)))) continue;
      const record = new EngineRecord(database, own);
      await record.renewing.start();
      return record;
    }
    throw database.lateError();
  }

  /** Ends the renewals. Safe to repeat. */
  async close(): Promise<void> {
    await this.renewing.stop();
    if (this.own.folderId === null) return; // others may have it as well
    try {
      await this.database.within(() => markSeen(this.database, this.own, 0));
    } catch (error) {
      this.database.logger.debug({ error }, 'the record of the engines was not given up; it runs out by itself');
    }
  }

  private async renew(): Promise<void> {
    const { database, own } = this;
    if (await database.within(() => markSeen(database, own, database.clock.now()))) return;
    const message = 'a control plane with other engines uses the same database: jobs and their news go apart; stop one';
    database.logger.error({ engines: own.engines }, message);
  }
}

/** False when it changed meanwhile. */
async function tryToClaim(database: MongoDatabase, own: EngineSet): Promise<boolean> {
  const records = recordsOf(database);
  const now = database.clock.now();
  const found = await records.findOne({ _id: RECORD_ID }, { maxTimeMS: OPERATION_MS });
  if (found === null) return insert(database, { _id: RECORD_ID, ...own, seenAt: now });
  if (isSame(found, own)) return markSeen(database, own, now);
  if (now - found.seenAt < GONE_AFTER_MS) throw refusal(database, own, found);
  const { engines, folderId, seenAt } = found;
  const filter = { _id: RECORD_ID, engines, folderId, seenAt };
  const { matchedCount } = await records.updateOne(
    filter,
    { $set: { ...own, seenAt: now } },
    { maxTimeMS: OPERATION_MS },
  );
  return matchedCount === 1;
}

async function insert(database: MongoDatabase, document: EngineDocument): Promise<boolean> {
  try {
    await recordsOf(database).insertOne(document, { maxTimeMS: OPERATION_MS });
    return true;
  } catch (error) {
    if (serverCodeOf(error) !== DUPLICATE_KEY) throw error;
    return false;
  }
}

/** False when it is somebody else's now. */
async function markSeen(database: MongoDatabase, { engines, folderId }: EngineSet, seenAt: number): Promise<boolean> {
  const filter = { _id: RECORD_ID, engines, folderId };
  const { matchedCount } = await recordsOf(database).updateOne(
    filter,
    { $set: { seenAt } },
    { maxTimeMS: OPERATION_MS },
  );
  return matchedCount === 1;
}

function isSame(found: EngineSet, own: EngineSet): boolean {
  return found.engines === own.engines && found.folderId === own.folderId;
}

function refusal(database: MongoDatabase, own: EngineSet, found: EngineDocument): MaridError {
  const seconds = String(Math.ceil((GONE_AFTER_MS - (database.clock.now() - found.seenAt)) / 1000));
  const other = `a control plane at ${found.place} (${found.engines})`;
  const remedy = 'Several control planes need the same installation with log: kafka, lease: redis and blobs: s3';
  const message = `The MongoDB database ${database.place} is in use by ${other}; this one has ${own.engines}.`;
  return new MaridError(
    'UNAVAILABLE',
    `${message} ${remedy}; or stop that one, and start this one ${seconds} s later.`,
  );
}

function recordsOf(database: MongoDatabase) {
  return database.collection<EngineDocument>(COLLECTIONS.schema);
}
