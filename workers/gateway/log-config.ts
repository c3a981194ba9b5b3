/** The keys of a worker's configuration that choose its log, and what must hold between them. */
import { z } from 'zod';

const text = z.string().min(1).nullable().default(null);

/** The keys, each with a default; those of Kafka are as the control plane's. */
export const logKeys = {
  log: z
    .enum(['remote', 'kafka'])
    .default('remote')
    .describe('How the log is reached; `remote`: through the control plane, whatever its engine; `kafka`: directly.'),
  installation: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'must be 1 to 41 small letters, digits or `-`')
    .default('marid')
    .describe('Name of the installation, as its control planes have it.'),
  kafkaBrokers: z
    .preprocess(
      (given: unknown) => (typeof given === 'string' ? given.split(',').map((each) => each.trim()) : given),
      z.array(z.string().regex(/^\S+:\d{1,5}$/, 'must be host:port')),
    )
    .default([])
    .describe('Brokers to begin with, host:port each.'),
  kafkaTls: z.boolean().default(false).describe('Whether brokers are reached by TLS.'),
  kafkaTlsCaFile: text.describe('Path of the certificates (PEM) that brokers are checked against; null: as Node has.'),
  kafkaSaslMechanism: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .nullable()
    .default(null)
    .describe('How to log in to Kafka; null: not at all.'),
  kafkaSaslUsername: text.describe('User of the log-in to Kafka.'),
  kafkaSaslPassword: text.describe('Password of the log-in to Kafka.').meta({ secret: true }),
  kafkaSaslPasswordFile: text.describe('Path of a file that holds kafkaSaslPassword.'),
};

type LogSettings = z.output<z.ZodObject<typeof logKeys>>;

const KAFKA_KEYS = [
  'kafkaBrokers',
  'kafkaTls',
  'kafkaTlsCaFile',
  'kafkaSaslMechanism',
  'kafkaSaslUsername',
  'kafkaSaslPassword',
] as const;

/** What does not hold between the keys, at its key. Keys that are wrong by themselves may be missing. */
export function logProblems(
  config: Partial<LogSettings>,
): readonly { readonly key: string; readonly message: string }[] {
  if (config.log === undefined) return [];
  if (config.log === 'remote') {
    const message = 'has no effect, because log is remote: say log: kafka, or leave it out';
    return KAFKA_KEYS.filter((key) => isGiven(config[key])).map((key) => ({ key, message }));
  }
  const needed = config.kafkaBrokers !== undefined && config.kafkaBrokers.length === 0 ? ['kafkaBrokers'] : [];
  const problems = needed.map((key) => ({ key, message: 'is required, because log is kafka' }));
  for (const key of ['kafkaSaslUsername', 'kafkaSaslPassword'] as const) {
    const given = isGiven(config[key]);
    if (given === isGiven(config.kafkaSaslMechanism)) continue;
    const without = 'has no effect without kafkaSaslMechanism: say which';
    problems.push({ key, message: given ? without : 'is required, because kafkaSaslMechanism is given' });
  }
  if (config.kafkaTls === false && isGiven(config.kafkaTlsCaFile)) {
    problems.push({ key: 'kafkaTlsCaFile', message: 'has no effect without kafkaTls: true' });
  }
  return problems;
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined && value !== false;
}
