/** What a `KafkaTopicLog` is told, and what that resolves to. */
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';

/** TLS of the connections to the brokers; PEM texts, not paths. */
export interface KafkaTlsOptions {
  /** Certificates of the authorities to trust. Default: those of the system. */
  readonly ca?: string;
  /** This client's certificate, for mutual TLS. Default: none. */
  readonly cert?: string;
  /** Private key of `cert`. Default: none. */
  readonly key?: string;
  /** Passphrase of `key`. Default: none. */
  readonly passphrase?: string;
  /** Whether a broker whose certificate cannot be verified is refused. Default: true. */
  readonly rejectUnauthorized?: boolean;
}

/** How this client says who it is. */
export interface KafkaSaslOptions {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** A broker's address. */
export interface BrokerAddress {
  readonly host: string;
  /** TCP port. */
  readonly port: number;
}

/** Options of `KafkaTopicLog.connect`. */
export interface KafkaTopicLogOptions {
  /** Bootstrap brokers, `host:port` each; one that answers is enough. */
  readonly brokers: readonly string[];
  /** Name of this client in the brokers' logs and quotas, and first part of the names of private groups. */
  readonly clientId: string;
  /** Whether `connect` may resolve although no broker answers; what others do meanwhile fails as it does in any outage. Default: false. */
  readonly mayBeAway?: boolean | undefined;
  /** Default: plain TCP. */
  readonly tls?: KafkaTlsOptions | undefined;
  /** Default: none. */
  readonly sasl?: KafkaSaslOptions | undefined;
  /** Copies of each partition of a topic that is created. Default: the brokers' `default.replication.factor`. */
  readonly replicationFactor?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longest time of any call, milliseconds. Default: 10000. */
  readonly callTimeoutMs?: number;
  /** Time after which a request that has no answer is given up, milliseconds; under `callTimeoutMs`, so that it is tried again. Default: 4000. */
  readonly requestTimeoutMs?: number;
  /** Time without a heartbeat after which the brokers give a consumer's partitions to others, milliseconds. Default: 45000. */
  readonly sessionTimeoutMs?: number;
  /** Time between two heartbeats of a consumer, milliseconds; also how soon it hears of a rebalance. Default: 3000. */
  readonly heartbeatIntervalMs?: number;
  /** Time that the members of a group have to join again, milliseconds. Default: 30000. */
  readonly rebalanceTimeoutMs?: number;
  /** Time after which consumers look for added partitions, milliseconds. Default: 10000. */
  readonly metadataMaxAgeMs?: number;
  /** Where to connect instead of an address that the brokers advertise: a tunnel, or a test's proxy. Default: the address itself. */
  readonly route?: (address: BrokerAddress) => BrokerAddress;
}

/** The options with every default filled in. */
export type KafkaSettings = Required<Omit<KafkaTopicLogOptions, 'tls' | 'sasl' | 'replicationFactor' | 'mayBeAway'>> & {
  readonly mayBeAway: boolean;
  readonly tls: KafkaTlsOptions | null;
  readonly sasl: KafkaSaslOptions | null;
  /** -1 for the brokers' default. */
  readonly replicationFactor: number;
};

/** The brokers' own default, as the protocol writes it (KIP-464). */
const BROKER_DEFAULT = -1;

/** Fills in the defaults. */
export function resolveKafkaSettings(options: KafkaTopicLogOptions): KafkaSettings {
  return {
    ...options,
    mayBeAway: options.mayBeAway ?? false,
    tls: options.tls ?? null,
    sasl: options.sasl ?? null,
    replicationFactor: options.replicationFactor ?? BROKER_DEFAULT,
    callTimeoutMs: options.callTimeoutMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 4_000,
    sessionTimeoutMs: options.sessionTimeoutMs ?? 45_000,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 3_000,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 30_000,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 10_000,
    route: options.route ?? ((address) => address),
  };
}
