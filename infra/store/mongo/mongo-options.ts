/** From our options to the driver's. */
import type { MongoClientOptions } from 'mongodb';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import { CONNECT_MS, HEARTBEAT_MS, MAJORITY_MS, QUEUE_MS, SELECT_MS, SOCKET_MS } from './mongo-limits.js';

/** Files for TLS, all PEM. Giving this turns TLS on, as `tls=true` in the URL does. */
export interface MongoTls {
  /** Certificates of the authorities that the servers' are checked against. Default: the system's. */
  readonly caFile?: string;
  /** Our own certificate and its key, for servers that ask (also for MONGODB-X509). Default: none. */
  readonly certificateKeyFile?: string;
  /** Password of that key. Default: none. */
  readonly certificateKeyFilePassword?: string;
}

/** Options of `MongoDatabase.connect`. */
export interface MongoDatabaseOptions {
  /**
   * `mongodb://` or `mongodb+srv://`, of a replica set; may hold user and password, and is never logged. Its options are those of the driver, but for time
   * limits, write and read concern, read preference and retries: Marid's promises rest on those, so it sets them.
   */
  readonly url: string;
  /** Default: the one that the URL names, else `marid`. */
  readonly database?: string;
  /** Default: as the URL says. */
  readonly tls?: MongoTls;
  /** How the server's log and `currentOp` name us. Default: `marid`. */
  readonly appName?: string;
  /** Connections to each server at most. Default: 32. */
  readonly maxConnections?: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What the driver is told. Reads are of the primary and of what a majority has; a write is done when a majority has it in its journal. */
export function clientOptions(options: MongoDatabaseOptions, socketMs = SOCKET_MS): MongoClientOptions {
  return {
    appName: options.appName ?? 'marid',
    ...tlsOptions(options.tls),
    serverSelectionTimeoutMS: SELECT_MS,
    connectTimeoutMS: CONNECT_MS,
    socketTimeoutMS: socketMs,
    waitQueueTimeoutMS: QUEUE_MS,
    heartbeatFrequencyMS: HEARTBEAT_MS,
    maxPoolSize: options.maxConnections ?? 32,
    w: 'majority',
    wtimeoutMS: MAJORITY_MS,
    readConcernLevel: 'majority',
    readPreference: 'primary',
    retryWrites: false,
    retryReads: true,
    ignoreUndefined: false,
  };
}

/** Name of the database. `INVALID_ARGUMENT` when it is none that MongoDB takes. */
export function databaseName({ url, database }: Pick<MongoDatabaseOptions, 'url' | 'database'>): string {
  const [, inUrl = ''] = /^[a-z+]+:\/\/[^/?]*\/([^?]*)/.exec(url) ?? [];
  const name = database ?? (inUrl === '' ? 'marid' : decodeURIComponent(inUrl));
  if (/^[^\s/\\."$*<>:|?\0]{1,63}$/.test(name)) return name;
  throw new MaridError(
    'INVALID_ARGUMENT',
    `${JSON.stringify(name)} is no name for a MongoDB database; use letters and digits.`,
  );
}

function tlsOptions(tls: MongoTls | undefined): MongoClientOptions {
  if (tls === undefined) return {};
  return {
    tls: true,
    ...(tls.caFile === undefined ? {} : { tlsCAFile: tls.caFile }),
    ...(tls.certificateKeyFile === undefined ? {} : { tlsCertificateKeyFile: tls.certificateKeyFile }),
    ...(tls.certificateKeyFilePassword === undefined
      ? {}
      : { tlsCertificateKeyFilePassword: tls.certificateKeyFilePassword }),
  };
}
