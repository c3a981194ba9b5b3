/** kafkajs, loaded and set up. */
import { createRequire } from 'node:module';
import type { Kafka, KafkaConfig, SASLOptions } from 'kafkajs';
import type { Logger } from '../../../core/ports/logger.js';
import { patchIdleTimer } from './idle-timer-patch.js';
import { KAFKA_LEVELS, kafkaLogCreator } from './kafka-logger.js';
import { KafkaSockets } from './kafka-sockets.js';
import type { KafkaSaslOptions, KafkaSettings } from './options.js';
import { patchStoppedRunner } from './stopped-runner-patch.js';

const CONNECT_TIMEOUT_MS = 3_000;

/** A kafkajs client with its connections. */
export interface KafkaClient {
  readonly kafka: Kafka;
  readonly sockets: KafkaSockets;
}

/** Makes clients. Each consumer and producer gets one of its own: kafkajs shares committed offsets among the consumers of one client. */
export class KafkaDriver {
  private constructor(
    private readonly settings: KafkaSettings,
    private readonly newKafka: (config: KafkaConfig) => Kafka,
  ) {}

  /** Loads kafkajs and patches it. */
  static async load(settings: KafkaSettings): Promise<KafkaDriver> {
    const { Kafka } = await import('kafkajs');
    const require = createRequire(import.meta.url);
    patchIdleTimer(require('kafkajs/src/network/requestQueue'));
    patchStoppedRunner(require('kafkajs/src/consumer/runner'));
    return new KafkaDriver(settings, (config) => new Kafka(config));
  }

  /** A new client, not connected. `retries`: how often it tries to connect, within its first second and then once a second. */
  client(logger: Logger, retries: number): KafkaClient {
    const { settings } = this;
    const sockets = new KafkaSockets(settings.route);
    const config: KafkaConfig = {
      // Of a client that was ended, an empty list ends also what kafkajs would try again.
      brokers: () => (sockets.ended ? [] : [...settings.brokers]),
      clientId: settings.clientId,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      authenticationTimeout: settings.requestTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      enforceRequestTimeout: true,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, multiplier: 2, factor: 0.2, retries },
      socketFactory: sockets.factory,
      logLevel: KAFKA_LEVELS.info,
      logCreator: kafkaLogCreator(logger),
    };
    if (settings.tls !== null) config.ssl = { ...settings.tls };
    if (settings.sasl !== null) config.sasl = saslOf(settings.sasl);
    return { kafka: this.newKafka(config), sockets };
  }
}

/** kafkajs' types want each mechanism by itself. */
function saslOf({ mechanism, username, password }: KafkaSaslOptions): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
    default:
      return mechanism satisfies never;
  }
}
