/** What is configured of the engines, named as the keys of the configuration. */

/** How Kafka is reached. */
export interface KafkaChoice {
  /** First part of the names of topics, groups and leases. */
  readonly installation: string;
  /** `host:port` each; at least one. */
  readonly kafkaBrokers: readonly string[];
  /** Copies of each topic that is created; `null`: the brokers' own default. Only a control plane creates topics. */
  readonly kafkaReplicationFactor?: number | null;
  readonly kafkaTls: boolean;
  /** Path of the certificates (PEM) to trust; `null`: those of Node. */
  readonly kafkaTlsCaFile: string | null;
  readonly kafkaSaslMechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512' | null;
  readonly kafkaSaslUsername: string | null;
  readonly kafkaSaslPassword: string | null;
}

/** How S3 is reached. */
export interface S3Choice {
  readonly s3Bucket: string | null;
  readonly s3Endpoint: string | null;
  readonly s3Region: string | null;
  readonly s3ForcePathStyle: boolean;
}

/** The engines of a control plane. Keys of engines that were not chosen are not looked at. */
export interface EngineChoice extends KafkaChoice, S3Choice {
  readonly store: 'sqlite' | 'mongo';
  readonly log: 'embedded' | 'kafka';
  readonly lease: 'embedded' | 'redis';
  readonly blobs: 'filesystem' | 's3';
  /** Folder of everything that is embedded, or `:memory:`. */
  readonly dataFolder: string;
  readonly mongoUrl: string | null;
  readonly mongoDatabase: string;
  /** 1, 3 or 5. */
  readonly redisUrls: readonly string[];
  /** Path of the certificates (PEM) to trust; `null`: those of Node. */
  readonly redisTlsCaFile: string | null;
}
