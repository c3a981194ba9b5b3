/** The MongoDB database of the distributed engines: connection, time limits, errors and schema. The stores share it. */
import { randomBytes } from 'node:crypto';
import type { Collection, Document, MongoClient } from 'mongodb';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import { MongoConnection } from './mongo-connection.js';
import { translateMongoError, writeRefused } from './mongo-errors.js';
import { BUILD_MS, CALL_MS, MAJORITY_MS, OPERATION_MS } from './mongo-limits.js';
import { clientOptions, databaseName, type MongoDatabaseOptions } from './mongo-options.js';
import { needsSetUp, setUpSchema } from './mongo-schema.js';
import { checkServer, logServerChanges } from './mongo-servers.js';

/** Any stored document. Ours all have a text for `_id`. */
export interface StoredDocument {
  readonly _id: string;
}

/** One write command of the server's wire protocol; the database adds write concern and time limit. */
export type WriteCommand =
  | { readonly insert: string; readonly documents: readonly StoredDocument[] }
  | { readonly update: string; readonly updates: readonly { readonly q: Document; readonly u: Document }[] };

/** What the server said to a write command. */
export interface WriteAnswer {
  /** Documents that an update matched. An insert's is not to be relied on. */
  readonly matched: number;
  /** Writes that were refused, by their index in the command. */
  readonly refused: ReadonlyMap<number, { readonly code: number; readonly message: string }>;
}

/**
 * An open database. States: open (from `connect`; the driver finds a new primary by itself, or is replaced when it does not, whatever happens to the servers) and closed (by `close`,
 * for ever). Nothing else changes the state.
 */
export class MongoDatabase {
  /** Names this process in marks, so that no two processes make the same. */
  private readonly writer = randomBytes(9).toString('base64url');
  private marks = 0;
  private closing: Promise<void> | null = null;

  private constructor(
    private readonly connection: MongoConnection<MongoClient>,
    private readonly name: string,
    /** Hosts and name, without credentials, for errors. */
    readonly place: string,
    readonly clock: Clock,
    readonly logger: Logger,
  ) {}

  /**
   * Connects, and brings schema and indexes up to date. Rejects with `UNAVAILABLE` when no primary is found within seconds or the user is refused,
   * `INVALID_ARGUMENT` when the URL or a TLS file is wrong, `UNSUPPORTED` when the database is a later Marid's or another program's. Nothing is
   * left open then.
   */
  static async connect(options: MongoDatabaseOptions): Promise<MongoDatabase> {
    const name = databaseName(options);
    const { clock, logger } = options;
    const open = (watch: (client: MongoClient) => void): Promise<MongoClient> => openClient(options, name, { watch });
    const connection = await MongoConnection.open({ open, clock, logger });
    const { client } = connection;
    const place = placeOf(client, name);
    const database = new MongoDatabase(connection, name, place, clock, logger);
    try {
      await checkServer(client, logger);
      if (await needsSetUp(client.db(name), place)) await database.setUp(options);
      return database;
    } catch (error) {
      await database.close();
      throw translateMongoError(error, place);
    }
  }

  /** A collection to read and delete in; single writes go through `send`. */
  collection<D extends StoredDocument>(name: string): Collection<D> {
    return this.connection.client.db(this.name).collection<D>(name);
  }

  /**
   * Runs `work`; rejects within `CALL_MS`, whatever becomes of it, and only with a `MaridError` for what the driver throws. Rejects as well when the client was closed or replaced meanwhile: the
   * driver ends its cursors then as if everything had been read.
   */
  async within<T>(work: () => Promise<T>): Promise<T> {
    const { client } = this.connection;
    let cancel = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.clock.after(CALL_MS, () => {
        reject(this.lateError());
      });
    });
    try {
      const result = await Promise.race([work(), late]);
      if (!this.connection.isCurrent(client)) throw this.lateError();
      return result;
    } catch (error) {
      throw translateMongoError(error, this.place);
    } finally {
      cancel();
    }
  }

  /** Sends one write command; the writes in it are independent of each other. Rejects with what the driver throws. */
  async send(command: WriteCommand): Promise<WriteAnswer> {
    const concern = { ordered: false, writeConcern: { w: 'majority', wtimeout: MAJORITY_MS }, maxTimeMS: OPERATION_MS };
    return decodeWriteAnswer(await this.connection.client.db(this.name).command({ ...command, ...concern }));
  }

  /** As `send`, for writes that may be repeated: rejects when one is refused by a code that is not in `allowed`. Call it inside `within`. */
  async sendAll(command: WriteCommand, allowed: readonly number[] = []): Promise<WriteAnswer> {
    const answer = await this.send(command);
    for (const { code, message } of answer.refused.values()) {
      if (!allowed.includes(code)) throw writeRefused(code, message, this.place);
    }
    return answer;
  }

  /** A text that marks one write: no other write of any process has the same. */
  newMark(revision: number): string {
    this.marks += 1;
    return `${String(revision)}:${this.writer}${this.marks.toString(36)}`;
  }

  /** The error for an operation that did not end in time. */
  lateError(cause?: unknown): MaridError {
    const message = `The MongoDB database ${this.place} did not answer in time, so the result is not known; ask again.`;
    return new MaridError('DEADLINE_EXCEEDED', message, cause === undefined ? {} : { cause });
  }

  /** Ends all connections; operations under way reject. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.connection.close();
    return this.closing;
  }

  /** With a client of its own, because building an index may take longer than any other operation. */
  private async setUp(options: MongoDatabaseOptions): Promise<void> {
    const patient = await openClient(options, this.name, { socketMs: BUILD_MS });
    try {
      await setUpSchema(patient.db(this.name), this.place, this.logger);
    } finally {
      await patient.close();
    }
  }
}

async function openClient(
  options: MongoDatabaseOptions,
  name: string,
  { socketMs, watch }: { readonly socketMs?: number; readonly watch?: (client: MongoClient) => void },
): Promise<MongoClient> {
  const { MongoClient } = await import('mongodb');
  let client: MongoClient | null = null;
  try {
    client = new MongoClient(options.url, clientOptions(options, socketMs));
    if (watch !== undefined) logServerChanges(client, options.logger);
    watch?.(client);
    return await client.connect();
  } catch (error) {
    await client?.close();
    throw translateMongoError(error, client === null ? name : placeOf(client, name));
  }
}

function placeOf(client: MongoClient, name: string): string {
  const { hosts, srvHost } = client.options;
  const where = srvHost ?? hosts.map(String).join(',');
  return `${name} at ${where}`;
}

function decodeWriteAnswer(answer: Document): WriteAnswer {
  const { n, writeErrors } = answer as { readonly n?: unknown; readonly writeErrors?: unknown };
  const refused = new Map<number, { readonly code: number; readonly message: string }>();
  for (const error of Array.isArray(writeErrors) ? (writeErrors as readonly Document[]) : []) {
    const { index, code, errmsg } = error as {
      readonly index?: unknown;
      readonly code?: unknown;
      readonly errmsg?: unknown;
    };
    refused.set(Number(index), { code: Number(code), message: String(errmsg) });
  }
  return { matched: Number(n ?? 0), refused };
}
