/** Kafka as it is configured. */
import type { Clock } from '../../core/ports/clock.js';
import type { Logger } from '../../core/ports/logger.js';
import type { TopicLog } from '../../core/ports/topic-log.js';
import { NamedTopicLog } from '../log/named/named-topic-log.js';
import type { KafkaChoice } from './engine-options.js';
import { readCertificates } from './read-certificates.js';

/** Options of `openKafka` beside what is configured. */
export interface OpenKafkaOptions {
  /** Name of this client at the brokers. */
  readonly clientId: string;
  /** How long a reader may be silent before others read its partitions, milliseconds. Default: 45,000. */
  readonly sessionTimeoutMs?: number;
  /** Whether no broker has to answer. Default: false. */
  readonly mayBeAway?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Connects; loads the driver. Rejects as `KafkaTopicLog.connect`, and with `INVALID_ARGUMENT` when the file of certificates holds none. */
export async function openKafka(choice: KafkaChoice, options: OpenKafkaOptions): Promise<TopicLog> {
  const { KafkaTopicLog } = await import('../log/kafka/kafka-topic-log.js');
  const { kafkaBrokers, kafkaReplicationFactor = null, kafkaTls, kafkaTlsCaFile } = choice;
  const ca = kafkaTlsCaFile === null ? null : await readCertificates('kafkaTlsCaFile', kafkaTlsCaFile);
  const sasl = saslOf(choice);
  const log = await KafkaTopicLog.connect({
    ...options,
    brokers: kafkaBrokers,
    ...(kafkaTls ? { tls: ca === null ? {} : { ca } } : {}),
    ...(sasl === null ? {} : { sasl }),
    ...(kafkaReplicationFactor === null ? {} : { replicationFactor: kafkaReplicationFactor }),
  });
  return new NamedTopicLog(log, choice.installation);
}

function saslOf({
  kafkaSaslMechanism: mechanism,
  kafkaSaslUsername: username,
  kafkaSaslPassword: password,
}: KafkaChoice) {
  return mechanism === null || username === null || password === null ? null : { mechanism, username, password };
}
