/** What the native stack hands out: the servers of one engine. */
import type { Random } from '../../../core/ports/random.js';
import type { StackContext } from './context.js';
import type { ServerProcess } from './server-process.js';

/** Names of the engines of the native stack. */
export const NATIVE_ENGINES = ['kafka', 'mongo', 'redis', 's3'] as const;

/** Name of an engine of the native stack. */
export type NativeEngineName = (typeof NATIVE_ENGINES)[number];

/** Started servers of one engine. */
export interface NativeEngine {
  readonly name: NativeEngineName;
  /** Product and version; says when it is a stand-in. */
  readonly product: string;
  /** It only imitates the product: results with it prove less. */
  readonly standIn: boolean;
  /** What clients connect to: one, or three for redis. With `proxyPort` a second of Kafka, for the proxy alone; with `secured` one more, for clients that log in. */
  readonly urls: readonly string[];
  /** The processes, to be killed, frozen and restarted. */
  readonly servers: readonly ServerProcess[];
}

/** What an engine's starter is handed. */
export interface EngineStart {
  readonly context: StackContext;
  readonly random: Random;
  /** Empty folder for data, logs and configuration. */
  readonly folder: string;
  /** Called with each server before it is started, so that it is ended also when the start fails. */
  readonly own: (server: ServerProcess) => void;
}

/** How clients of a secured listener see the server, and the one user that it knows. */
export interface SecuredListener {
  /** Path of a PEM file: the server's key (PKCS #8), then its certificate for 127.0.0.1. */
  readonly keystore: string;
  /** Letters, digits, `-` and `_`, as the password. */
  readonly username: string;
  readonly password: string;
}

/** Options of a start. */
export interface NativeEngineOptions {
  /** Brokers of Kafka; with three, replication factor 3 and two in-sync replicas. Default: 1. */
  readonly brokers?: 1 | 3;
  /** Port on 127.0.0.1 of a proxy before the only broker of Kafka: clients that come through the proxy are sent to it again. Default: none. */
  readonly proxyPort?: number;
  /** A listener of the only broker of Kafka with TLS and log-in by PLAIN or SCRAM-SHA-512. Default: none. */
  readonly secured?: SecuredListener;
  /** Version of Kafka. Default: `MARID_TEST_KAFKA_VERSION` of the environment, else 3.9.2. */
  readonly kafkaVersion?: string;
  /** Name of the replica set that MongoDB's stand-in claims to be, with sessions. Default: none, a single server without sessions. */
  readonly replicaSet?: string;
}
